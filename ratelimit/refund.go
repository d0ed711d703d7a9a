package ratelimit

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/gambeson-go/gambeson/internal/layer"
)

type receiptKey struct{}

// receipt is what one request paid to the Refundable policies of one middleware.
type receipt struct {
	m       *Middleware
	mem     *Memory // where it was paid; nil: the Store
	charges []charge
	outer   *receipt // of a middleware around this one
	done    atomic.Bool
}

// Refund gives the tokens back that the request of ctx took from Refundable policies. A
// login calls it when the password was right: charged before and given back after, so that
// guesses sent at the same time cannot slip through, and who logs in often is not locked
// out. It works once a request, from any goroutine, and does nothing where nothing was
// taken. A Store that fails keeps the tokens. What comes back late fills the bucket as far
// as it is not full: it is worth what others have taken since.
func Refund(ctx context.Context) {
	if ctx == nil {
		return
	}
	r, _ := ctx.Value(receiptKey{}).(*receipt)
	for ; r != nil; r = r.outer {
		if r.done.CompareAndSwap(false, true) {
			r.pay(ctx)
		}
	}
}

// pay gives back where it was paid: what a fallback table took while the Store was down is
// not the Store's to return. A Store with a fallback of its own is told by Ask.Local.
func (r *receipt) pay(ctx context.Context) {
	if r.mem != nil {
		r.mem.take(r.mem.now(), r.charges)
		return
	}
	asks := make([]Ask, len(r.charges))
	for i := range r.charges {
		asks[i] = r.m.askOf(&r.charges[i])
	}
	// The client may be gone by now. What it is owed does not depend on that.
	if _, err := r.m.cfg.Store.Take(context.WithoutCancel(ctx), asks); err != nil {
		r.m.storeErrors.Add(1)
	}
}

// serveWithReceipt hands the request on with a context that Refund knows. What a Shadow
// policy denied was not charged, so it is not on the receipt.
func (m *Middleware) serveWithReceipt(next http.Handler, w http.ResponseWriter, r *http.Request, cs []charge, mem *Memory) {
	paid := &receipt{m: m, mem: mem}
	for i := range cs {
		c := cs[i]
		if m.policies[c.policy].refundable && !c.denied && c.cost > 0 {
			c.cost, c.slot = -c.cost, nil
			paid.charges = append(paid.charges, c)
		}
	}
	if len(paid.charges) == 0 {
		next.ServeHTTP(w, r)
		return
	}
	paid.outer, _ = r.Context().Value(receiptKey{}).(*receipt)
	inner := r.WithContext(context.WithValue(r.Context(), receiptKey{}, paid))
	defer layer.HandBack(r, inner)
	next.ServeHTTP(w, inner)
}
