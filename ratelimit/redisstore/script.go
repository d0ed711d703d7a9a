package redisstore

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts so
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/gambeson-go/gambeson/ratelimit"
)

//go:embed take.lua
var source string

var errAnswer = errors.New("redisstore: Redis answered with another number of states than it was asked for")

// digest is the name under which Redis knows the script.
func digest(script string) string {
	sum := sha1.Sum([]byte(script)) //nolint:gosec // no secret, and not ours to choose
	return hex.EncodeToString(sum[:])
}

// once is a command that go-redis never sends twice. A ClusterClient would send it again
// after an error of the network, though the server may have charged the bucket already;
// redirections to the right node it still follows.
type once struct{ *redis.IntSliceCmd }

func (once) NoRetry() bool { return true }

// run calls the script for asks whose keys have one slot.
func (s *Store) run(ctx context.Context, keyOf func(int) string, asks []ratelimit.Ask) ([]ratelimit.State, error) {
	cmd := s.command(ctx, "evalsha", s.digest, keyOf, asks)
	err := s.cfg.Client.Process(ctx, cmd)
	if err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {
		// A new server, or someone flushed its scripts. EVAL leaves the script there.
		cmd = s.command(ctx, "eval", s.source, keyOf, asks)
		err = s.cfg.Client.Process(ctx, cmd)
	}
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	out := cmd.Val()
	if len(out) != 2*len(asks) {
		return nil, errAnswer
	}
	states := make([]ratelimit.State, len(asks))
	for i := range states {
		states[i] = ratelimit.State{Debt: time.Duration(out[2*i]) * time.Microsecond, Denied: out[2*i+1] != 0}
	}
	return states, nil
}

// command is EVALSHA or EVAL with its arguments.
func (s *Store) command(ctx context.Context, name, script string, keyOf func(int) string, asks []ratelimit.Ask) once {
	args := make([]any, 3, 3+4*len(asks))
	args[0], args[1], args[2] = name, script, len(asks)
	for i := range asks {
		args = append(args, keyOf(i))
	}
	for i := range asks {
		a := &asks[i]
		shadow := 0
		if a.Shadow {
			shadow = 1
		}
		cost := max(-a.Burst, min(a.Cost, a.Burst+1)) // one more than all is never admitted, and cannot overflow
		emission := a.Emission.Microseconds()
		args = append(args, a.Burst*emission, cost*emission, shadow)
	}
	cmd := once{redis.NewIntSliceCmd(ctx, args...)}
	cmd.SetFirstKeyPos(3)
	cmd.SetStepCount(1) // known, so that a ClusterClient need not ask the server: it would do so beyond our deadline
	return cmd
}
