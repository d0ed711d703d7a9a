package clientip

import (
	"net/http"
	"net/netip"
	"strings"
)

// Resolver knows who the client of a request is. It is immutable and safe for concurrent use. For well-formed headers it
// allocates nothing.
type Resolver struct {
	proxies []netip.Prefix
	header  string // canonical
	kind    kind
	hops    int
	unix    bool
}

// Config is what the Resolver was made of; the zero Config for a nil Resolver.
func (r *Resolver) Config() Config {
	if r == nil {
		return Config{}
	}
	return Config{TrustedProxies: append([]netip.Prefix(nil), r.proxies...), Header: r.header, Hops: r.hops, TrustUnixSocket: r.unix}
}

// Addr is the client's address, unmapped and without zone. It is the zero Addr where nothing is known: on a unix socket
// without a trusted proxy's word, or for a request that no server received.
func (r *Resolver) Addr(req *http.Request) netip.Addr {
	peer := peerAddr(req.RemoteAddr)
	if !r.trustsPeer(peer, req.RemoteAddr) {
		return peer
	}
	addr, _ := r.client(peer, req.Header)
	return addr
}

// HTTPS says whether the client spoke https: over TLS, or because a trusted proxy says so.
func (r *Resolver) HTTPS(req *http.Request) bool {
	if req.TLS != nil {
		return true
	}
	peer := peerAddr(req.RemoteAddr)
	if !r.trustsPeer(peer, req.RemoteAddr) {
		return false
	}
	if r.kind == forwarded {
		_, element := r.client(peer, req.Header)
		proto, _ := param(element, "proto")
		return isHTTPS(proto)
	}
	w := walk{lines: req.Header["X-Forwarded-Proto"], kind: list}
	proto, _ := w.next()
	return isHTTPS(proto)
}

// isHTTPS takes wss too: some proxies name a WebSocket's scheme so.
func isHTTPS(proto string) bool {
	return strings.EqualFold(proto, "https") || strings.EqualFold(proto, "wss")
}

// trustsPeer says whether what the peer's header says is believed.
func (r *Resolver) trustsPeer(peer netip.Addr, remote string) bool {
	switch {
	case r == nil || r.kind == none:
		return false
	case r.hops > 0:
		return true
	case !peer.IsValid():
		return r.unix && isUnix(remote)
	}
	return r.trusts(peer)
}

func (r *Resolver) trusts(addr netip.Addr) bool {
	for _, p := range r.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// client walks the header of a trusted peer from the right. It returns the client's address and the entry where the walk
// ended: whatever that says was written by a trusted proxy too, also where it hides the address ("for=_hidden;proto=https").
func (r *Resolver) client(peer netip.Addr, header http.Header) (addr netip.Addr, element string) {
	w := walk{lines: header[r.header], kind: r.kind}
	addr = peer
	for hop := 1; hop <= maxEntries; hop++ {
		entry, ok := w.next()
		if !ok {
			break
		}
		if r.hops > 0 && hop < r.hops {
			continue // written by a proxy further in
		}
		element = entry
		node := entry
		if r.kind == forwarded {
			if node, ok = param(entry, "for"); !ok {
				break
			}
		}
		next, ok := parseNode(node)
		if !ok {
			break
		}
		addr = next
		if r.hops > 0 || !r.trusts(next) {
			break
		}
	}
	return addr, element
}

// peerAddr is the address of the connection's other end. The zero Addr where RemoteAddr holds none.
func peerAddr(remote string) netip.Addr {
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		return clean(ap.Addr())
	}
	if isUnix(remote) {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(strings.Trim(remote, "[]")) // some servers and tests leave the port out
	return clean(addr)
}

// isUnix tells how net names the other end of a unix socket: nothing, "@" and a name, or a path.
func isUnix(remote string) bool {
	return remote == "" || remote[0] == '@' || remote[0] == '/'
}

func clean(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }
