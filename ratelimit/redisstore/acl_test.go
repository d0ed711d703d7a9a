package redisstore_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit/redisstore"
)

// TestACL: a user with the rights that the package names, and no others, is enough.
func TestACL(t *testing.T) {
	srv := startServer(t)
	srv.do("ACL", "SETUSER", "limiter", "on", ">secret", "~ratelimit:*", "+evalsha", "+eval", "+time", "+mget", "+set", "+del")
	store := newStore(t, redisstore.Config{Client: client(t, srv.addr, func(o *redis.Options) { o.Username, o.Password = "limiter", "secret" })})
	a := hourly("p", "k", 1)
	back := a
	back.Cost = -1
	take(t, store, a)
	take(t, store, back)
	if st := take(t, store, a)[0]; st.Denied {
		t.Errorf("%+v", st)
	}
	if st := store.Stats(); st.Failures != 0 || st.Calls != 3 {
		t.Errorf("%+v", st)
	}
	wrong := newStore(t, redisstore.Config{Client: client(t, srv.addr, func(o *redis.Options) { o.Username, o.Password = "limiter", "wrong" })})
	if take(t, wrong, a)[0].Denied {
		t.Error("a wrong password denies")
	}
	if st := wrong.Stats(); st.Failures != 1 || st.Local != 1 {
		t.Errorf("%+v", st)
	}
}
