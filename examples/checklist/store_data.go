package main

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// User is whom a token belongs to.
type User struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

// Note belongs to one user; nobody else can find out whether it exists.
type Note struct {
	ID      int64     `json:"id"`
	Title   string    `json:"title"`
	Body    string    `json:"body"`
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

// CreateUser fails with errEmailTaken where the address has an account.
func (s *Store) CreateUser(ctx context.Context, email, passwordHash string, now time.Time) (User, error) {
	u := User{Email: email}
	err := s.db.QueryRowContext(ctx,
		"INSERT INTO users (email, password_hash, created_at) VALUES (?, ?, ?) RETURNING id",
		email, passwordHash, now.Unix()).Scan(&u.ID)
	if isUnique(err) {
		return User{}, errEmailTaken
	}
	return u, err
}

// UserByEmail returns the user and the stored hash of the password.
func (s *Store) UserByEmail(ctx context.Context, email string) (u User, passwordHash string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT id, email, password_hash FROM users WHERE email = ?", email).
		Scan(&u.ID, &u.Email, &passwordHash)
	return u, passwordHash, orNotFound(err)
}

// SetPasswordHash replaces a hash, for one that was made with weaker parameters.
func (s *Store) SetPasswordHash(ctx context.Context, userID int64, passwordHash string) error {
	_, err := s.db.ExecContext(ctx, "UPDATE users SET password_hash = ? WHERE id = ?", passwordHash, userID)
	return err
}

// AddToken stores the hash of a token, and clears away what has expired.
func (s *Store) AddToken(ctx context.Context, hash []byte, userID int64, now, expires time.Time) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a Commit it does nothing
	if _, err := tx.ExecContext(ctx, "DELETE FROM tokens WHERE expires_at <= ?", now.Unix()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO tokens (hash, user_id, expires_at) VALUES (?, ?, ?)",
		hash, userID, expires.Unix()); err != nil {
		return err
	}
	return tx.Commit()
}

// DeleteToken ends a token. One that is not there is no error.
func (s *Store) DeleteToken(ctx context.Context, hash []byte) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM tokens WHERE hash = ?", hash)
	return err
}

// UserByToken fails with errNotFound for an unknown token and for an expired one.
func (s *Store) UserByToken(ctx context.Context, hash []byte, now time.Time) (User, error) {
	var u User
	err := s.db.QueryRowContext(ctx,
		`SELECT u.id, u.email FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ? AND t.expires_at > ?`,
		hash, now.Unix()).Scan(&u.ID, &u.Email)
	return u, orNotFound(err)
}

// Every statement about notes names the owner: a query that forgets who asks is how one user reads another's notes.
const noteColumns = "id, title, body, created_at, updated_at"

// Notes returns notes of a user, the newest first, with ids below before; 0 starts at the newest. It stops after limit
// notes, or where they have more than size bytes together, but never before the first; more tells that there are others.
func (s *Store) Notes(ctx context.Context, userID, before int64, limit, size int) (notes []Note, more bool, err error) {
	rows, err := s.db.QueryContext(ctx,
		"SELECT "+noteColumns+" FROM notes WHERE user_id = ? AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
		userID, before, before, limit+1)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	notes = []Note{} // "no notes" is [] in JSON, not null
	for rows.Next() {
		n, err := scanNote(rows)
		if err != nil {
			return nil, false, err
		}
		size -= len(n.Title) + len(n.Body)
		if len(notes) == limit || size < 0 && len(notes) > 0 {
			return notes, true, nil
		}
		notes = append(notes, n)
	}
	return notes, false, rows.Err()
}

// CreateNote returns the note as it was stored.
func (s *Store) CreateNote(ctx context.Context, userID int64, title, body string, now time.Time) (Note, error) {
	return scanNote(s.db.QueryRowContext(ctx,
		"INSERT INTO notes (user_id, title, body, created_at, updated_at) VALUES (?, ?, ?, ?, ?) RETURNING "+noteColumns,
		userID, title, body, now.Unix(), now.Unix()))
}

// Note fails with errNotFound for another's note as for one that does not exist.
func (s *Store) Note(ctx context.Context, userID, id int64) (Note, error) {
	return scanNote(s.db.QueryRowContext(ctx,
		"SELECT "+noteColumns+" FROM notes WHERE id = ? AND user_id = ?", id, userID))
}

// UpdateNote replaces title and body.
func (s *Store) UpdateNote(ctx context.Context, userID, id int64, title, body string, now time.Time) (Note, error) {
	return scanNote(s.db.QueryRowContext(ctx,
		"UPDATE notes SET title = ?, body = ?, updated_at = ? WHERE id = ? AND user_id = ? RETURNING "+noteColumns,
		title, body, now.Unix(), id, userID))
}

// DeleteNote fails with errNotFound where there was nothing to delete.
func (s *Store) DeleteNote(ctx context.Context, userID, id int64) error {
	res, err := s.db.ExecContext(ctx, "DELETE FROM notes WHERE id = ? AND user_id = ?", id, userID)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return errNotFound
	}
	return err
}

func scanNote(row interface{ Scan(...any) error }) (Note, error) {
	var n Note
	var created, updated int64
	err := row.Scan(&n.ID, &n.Title, &n.Body, &created, &updated)
	n.Created, n.Updated = time.Unix(created, 0).UTC(), time.Unix(updated, 0).UTC()
	return n, orNotFound(err)
}

func orNotFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound
	}
	return err
}
