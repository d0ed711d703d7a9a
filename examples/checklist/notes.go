package main

import (
	"fmt"
	"net/http"
	"strconv"
)

// A list is bounded in notes and in bytes: an answer that grows with the table is an attack waiting for somebody to start
// it. A hundred notes of the longest kind were 30 MB, once for every client that reads slowly.
const (
	pageSize  = 100
	pageBytes = 128 << 10 // of titles and bodies; one note may be longer
)

// noteInput is the body of POST and PUT. The limits count characters. "line" and "text" are rules of decode.go: no control
// characters, and in a text newlines and tabs but these.
type noteInput struct {
	Title string `json:"title" validate:"required,max=200,line"`
	Body  string `json:"body" validate:"max=50000,text"`
}

// listNotes answers with the newest notes. next is the value of ?before= for the page behind it, and missing on the last.
func (a *app) listNotes(w http.ResponseWriter, r *http.Request, u User) error {
	var before int64
	if s := r.URL.Query().Get("before"); s != "" {
		var err error
		if before, err = strconv.ParseInt(s, 10, 64); err != nil || before < 1 {
			return newProblem(http.StatusBadRequest, "before is the id of a note.")
		}
	}
	notes, more, err := a.store.Notes(r.Context(), u.ID, before, pageSize, pageBytes)
	if err != nil {
		return err
	}
	page := struct {
		Notes []Note `json:"notes"`
		Next  int64  `json:"next,omitempty"`
	}{Notes: notes}
	if more {
		page.Next = notes[len(notes)-1].ID
	}
	return writeJSON(w, http.StatusOK, page)
}

// createNote answers 201 with the note and its Location.
func (a *app) createNote(w http.ResponseWriter, r *http.Request, u User) error {
	var in noteInput
	if err := a.body.decode(r, &in); err != nil {
		return err
	}
	n, err := a.store.CreateNote(r.Context(), u.ID, in.Title, in.Body, a.now())
	if err != nil {
		return err
	}
	w.Header().Set("Location", fmt.Sprintf("/api/notes/%d", n.ID))
	return writeJSON(w, http.StatusCreated, n)
}

// readNote answers with one note of the user.
func (a *app) readNote(w http.ResponseWriter, r *http.Request, u User) error {
	id, err := noteID(r)
	if err != nil {
		return err
	}
	n, err := a.store.Note(r.Context(), u.ID, id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, n)
}

// updateNote replaces the whole note, as PUT means (RFC 9110 section 9.3.4): a body that is left out becomes empty. Of two
// at once the later one stays; who minds needs If-Match.
func (a *app) updateNote(w http.ResponseWriter, r *http.Request, u User) error {
	id, err := noteID(r)
	if err != nil {
		return err
	}
	var in noteInput
	if err := a.body.decode(r, &in); err != nil {
		return err
	}
	n, err := a.store.UpdateNote(r.Context(), u.ID, id, in.Title, in.Body, a.now())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, n)
}

// deleteNote answers 204, and 404 the second time.
func (a *app) deleteNote(w http.ResponseWriter, r *http.Request, u User) error {
	id, err := noteID(r)
	if err != nil {
		return err
	}
	if err := a.store.DeleteNote(r.Context(), u.ID, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// noteID reads {id}. What is no number names no note: 404, like any other that is not there.
func noteID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return 0, errNotFound
	}
	return id, nil
}
