package cors

import (
	"net/http"
	"slices"
	"time"

	rscors "github.com/rs/cors"
)

// lostOption is an option of rs/cors that no Config can hold. New reports it, so that FromRS need not fail: all problems
// come at once and from one place.
type lostOption struct {
	field  string
	value  any
	reason string
	fix    string
}

// FromRS converts a configuration of rs/cors, and [New] reports with its fix what cannot be taken over as it is: what
// never worked there, what admitted more than it seemed to, what nobody can check, and what rs/cors let pass although it
// did nothing, such as upper case in an origin, origins beside "*", headers that browsers set themselves, or a MaxAge
// over 24 hours. All else works here as it did there. A Logger becomes an OnDecision.
//
// Debug is dropped. Three defaults of rs/cors are spelled out: no AllowedHeaders meant Accept, Content-Type and X-Requested-With; "*"
// there covered Authorization; and no AllowedOrigins meant everybody, which New refuses until "*" is written.
func FromRS(o rscors.Options) Config {
	cfg := Config{
		AllowedOrigins:   slices.Clone(o.AllowedOrigins),
		AllowedHeaders:   slices.Clone(o.AllowedHeaders),
		ExposedHeaders:   slices.Clone(o.ExposedHeaders),
		AllowCredentials: o.AllowCredentials,
		MaxAge:           time.Duration(min(o.MaxAge, 1<<30)) * time.Second, // no overflow: New refuses far less
	}
	if o.MaxAge < 0 { // any of them means "0" there
		cfg.MaxAge = -1
	}
	switch {
	// An empty list there was not empty.
	case len(cfg.AllowedHeaders) == 0:
		cfg.AllowedHeaders = []string{"Accept", "Content-Type", "X-Requested-With"}
	// rs/cors gives back whatever was asked for, Authorization too.
	case slices.Contains(cfg.AllowedHeaders, "*"):
		cfg.AllowedHeaders = append(cfg.AllowedHeaders, "Authorization")
	}
	// Here "*" would open what was shut there, so somebody has to say that it is meant.
	for _, method := range o.AllowedMethods {
		if method == "*" {
			cfg.lose("rs/cors AllowedMethods", method, "rs/cors took it for a method of that name, so it allowed none", `leave it out of the rs/cors options; set AllowedMethods to "*" on the Config if all are meant`)
			continue
		}
		cfg.AllowedMethods = append(cfg.AllowedMethods, method)
	}
	//lint:ignore SA1019 deprecated there, in use all the same
	if o.AllowOriginFunc != nil || o.AllowOriginRequestFunc != nil || o.AllowOriginVaryRequestFunc != nil {
		cfg.AllowedOrigins, cfg.lostOrigins = nil, true // rs/cors did not look at them
		cfg.lose("rs/cors AllowOriginFunc", nil, "nobody can check which origins a function admits",
			"leave the function out of the rs/cors options, list the origins in AllowedOrigins, and call Reconfigure when they change")
	}
	if o.OptionsPassthrough {
		cfg.lose("rs/cors OptionsPassthrough", true, "a handler that answers preflights can undo them", "leave it out; every OPTIONS request that is no preflight reaches the handler")
	}
	if o.AllowPrivateNetwork {
		cfg.lose("rs/cors AllowPrivateNetwork", true, "browsers ask the user now instead of the server", "leave it out")
	}
	// Any success is as good as another; the answer is 204 now.
	if s := o.OptionsSuccessStatus; s != 0 && (s < 200 || s > 299) {
		cfg.lose("rs/cors OptionsSuccessStatus", s, "a preflight succeeds with 2xx only (Fetch section 4.8)", "leave it out")
	}
	if o.Logger != nil {
		cfg.OnDecision = func(_ *http.Request, d Decision) {
			o.Logger.Printf("cors: %s allowed=%t: %s", d.Kind, d.Allowed, d.Reason)
		}
	}
	return cfg
}

func (c *Config) lose(field string, value any, reason, fix string) {
	c.lost = append(c.lost, lostOption{field, value, reason, fix})
}
