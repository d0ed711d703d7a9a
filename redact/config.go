package redact

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gambeson-go/gambeson/internal/conf"
)

// ConfigError is one problem of a [Config]; [New] joins them all.
type ConfigError = conf.Error

// Config adds to the rules that are always on. Its zero value is a good one: every rule of the package, nothing of the
// opt-in kind.
type Config struct {
	// Names are further names whose values are secret, such as "tax_number". Letter case and separators do not matter,
	// and words in front neither: "tax_number" is also user.taxNumber and X-Tax-Number.
	Names []string
	// AllowNames are names that the rules take for secret and that are not, such as "page_token". They match as Names
	// do. Their values are still searched for tokens, keys and cards.
	AllowNames []string
	// Patterns are further tokens to be known by how they begin.
	Patterns []Pattern
	// Emails, Phones (international form, +1 415 …) and IPs are personal data in many places and everyday data in
	// logs; they are off by default.
	Emails, Phones, IPs bool
	// Mark stands in the place of a secret: 3 to 32 bytes of ASCII letters, digits and []()*_.:- with at least three
	// letters or digits; "" means "[REDACTED]". In URLs only its letters and digits stand.
	Mark string
	// FingerprintKey, of at least 16 bytes, adds to each mark the first 24 bits of the HMAC-SHA256 of the secret, as in
	// [REDACTED:3fa9c1], so that equal secrets can be told to be equal. Without the key the secret cannot be guessed from it.
	FingerprintKey Secret
}

// Pattern is a kind of token that is known by how it begins. Prefix is redacted together with all bytes of Chars that
// follow it, if they are at least Min, whatever they look like; or, if Regexp is set, with what it matches right behind
// Prefix.
type Pattern struct {
	Name   string         // for error messages
	Prefix string         // at least 3 printable ASCII bytes, the first two letters, digits or _; stands at the start of a word
	Chars  string         // bytes that may follow: ranges and single bytes, "A-Za-z0-9_-"; "" means that set
	Min    int            // fewest bytes behind Prefix; 0 means 8, or Max if that is less. Text cut at its end may have fewer
	Max    int            // most bytes behind Prefix that decide; 0 means 4096, which is also the limit
	Regexp *regexp.Regexp // slow: 100 times the price of Chars; sees at most Max bytes, only where Prefix was found
}

const (
	defaultMark = "[REDACTED]"
	maxNames    = 1000
	maxPatterns = 200
	maxRun      = 4096
)

// New makes a Redactor, or tells everything that is wrong with the configuration.
func New(cfg Config) (*Redactor, error) {
	p := conf.For("redact")
	r := &Redactor{cfg: cloneConfig(cfg)}
	r.names = checkNames(p, "Names", cfg.Names)
	r.allowed = checkNames(p, "AllowNames", cfg.AllowNames)
	for i, n := range r.allowed {
		if slices.Contains(r.names, n) {
			p.Add(fmt.Sprintf("AllowNames[%d]", i), cfg.AllowNames[i], "is also one of Names", "keep it in one of the two lists")
		}
	}
	if len(cfg.Patterns) > maxPatterns {
		p.Add("Patterns", len(cfg.Patterns), fmt.Sprintf("more than %d patterns", maxPatterns), "keep those that the built-in rules do not know")
	} else {
		r.index = customIndex(checkPatterns(p, cfg.Patterns))
	}
	if cfg.Mark != "" && !goodMark(cfg.Mark) {
		p.Add("Mark", cfg.Mark, "not 3 to 32 bytes of letters, digits and []()*_.:- with three letters or digits", `write "[REDACTED]"`)
	}
	if n := len(cfg.FingerprintKey); n > 0 && n < 16 {
		p.Add("FingerprintKey", cfg.FingerprintKey, "shorter than 16 bytes", "give at least 16 random bytes")
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	r.urlMark = strings.Map(func(c rune) rune {
		if c < 0x80 && class[c]&alnum != 0 {
			return c
		}
		return -1
	}, r.mark())
	return r, nil
}

func cloneConfig(cfg Config) Config {
	cfg.Names = slices.Clone(cfg.Names)
	cfg.AllowNames = slices.Clone(cfg.AllowNames)
	cfg.Patterns = slices.Clone(cfg.Patterns)
	return cfg
}

// checkNames brings names to the form in which they are compared.
func checkNames(p *conf.Problems, field string, names []string) []string {
	if len(names) > maxNames {
		p.Add(field, len(names), fmt.Sprintf("more than %d names", maxNames), "name the last words only: \"token\" covers every name that ends so")
		return nil
	}
	out := make([]string, 0, len(names))
	for i, n := range names {
		flat, _ := flatten(n, nil)
		switch {
		case len(n) > maxName:
			p.Add(fmt.Sprintf("%s[%d]", field, i), n, fmt.Sprintf("longer than %d bytes", maxName), "name the last words only")
		case len(flat) == 0:
			p.Add(fmt.Sprintf("%s[%d]", field, i), n, "no letter or digit in it", "write a name such as \"tax_number\"")
		}
		out = append(out, string(flat))
	}
	return out
}

func checkPatterns(p *conf.Problems, patterns []Pattern) []rule {
	var rules []rule
	for i, t := range patterns {
		at := func(name string) string { return fmt.Sprintf("Patterns[%d].%s", i, name) }
		if len(t.Prefix) < 3 || len(t.Prefix) > 64 || strings.ContainsFunc(t.Prefix, func(c rune) bool { return c < '!' || c > '~' }) {
			p.Add(at("Prefix"), t.Prefix, "not 3 to 64 printable ASCII bytes", "write the literal that every such token begins with")
		} else if class[t.Prefix[0]]&wordByte == 0 || class[t.Prefix[1]]&wordByte == 0 {
			p.Add(at("Prefix"), t.Prefix, "does not begin with two letters, digits or underscores", "write the literal from its first letter on")
		}
		chars, ok := base64url, true
		if t.Chars != "" {
			chars, ok = parseChars(t.Chars)
		}
		if !ok {
			p.Add(at("Chars"), t.Chars, "not a list of printable ASCII bytes and rising ranges", `write "A-Za-z0-9_-"`)
		}
		if t.Min < 0 || t.Min > maxRun {
			p.Add(at("Min"), t.Min, fmt.Sprintf("not within 0 and %d", maxRun), "write the fewest bytes behind the prefix")
		}
		if t.Max < 0 || t.Max > maxRun || t.Max != 0 && t.Max < t.Min {
			p.Add(at("Max"), t.Max, fmt.Sprintf("not within Min and %d", maxRun), "leave it 0")
		}
		if t.Regexp != nil && t.Regexp.MatchString("") {
			p.Add(at("Regexp"), t.Regexp.String(), "matches the empty text", "write an expression that needs at least one byte")
		}
		if t.Regexp != nil && t.Chars != "" {
			p.Add(at("Chars"), t.Chars, "has no effect beside Regexp", "leave one of the two out")
		}
		most := cmp.Or(t.Max, maxRun)
		least := cmp.Or(t.Min, min(8, most))
		rules = append(rules, rule{prefix: t.Prefix, set: chars, min: least, max: most, re: t.Regexp, user: true})
	}
	return rules
}

// parseChars reads "A-Za-z0-9_-": a hyphen at either end stands for itself.
func parseChars(list string) (*charset, bool) {
	var set charset
	for i := 0; i < len(list); i++ {
		lo := list[i]
		hi := lo
		if i+2 < len(list) && list[i+1] == '-' {
			hi = list[i+2]
			i += 2
		}
		if lo < '!' || hi > '~' || hi < lo {
			return nil, false
		}
		for c := int(lo); c <= int(hi); c++ {
			set[c] = true
		}
	}
	return &set, true
}

func goodMark(mark string) bool {
	solid := 0
	for _, c := range []byte(mark) {
		switch {
		case class[c]&alnum != 0:
			solid++
		case !strings.ContainsRune("[]()*_.:-", rune(c)):
			return false
		}
	}
	return solid >= 3 && len(mark) <= 32
}

// Config is a copy of what New was given.
func (r *Redactor) Config() Config {
	if r == nil {
		return Config{}
	}
	return cloneConfig(r.cfg)
}

func (r *Redactor) mark() string {
	if r.cfg.Mark == "" {
		return defaultMark
	}
	return r.cfg.Mark
}

func (r *Redactor) appendPlainMark(dst []byte, secret string) []byte {
	mark := r.mark()
	if r.cfg.FingerprintKey == "" {
		return append(dst, mark...)
	}
	tail := mark[len(mark)-1]
	if closer := tail == ']' || tail == ')'; !closer {
		dst = append(append(dst, mark...), ':')
		return r.appendFingerprint(dst, secret)
	}
	dst = append(append(dst, mark[:len(mark)-1]...), ':')
	return append(r.appendFingerprint(dst, secret), tail)
}

func (r *Redactor) appendURLMark(dst []byte, secret string) []byte {
	if r.urlMark == "" {
		dst = append(dst, "REDACTED"...)
	} else {
		dst = append(dst, r.urlMark...)
	}
	if r.cfg.FingerprintKey == "" {
		return dst
	}
	return r.appendFingerprint(append(dst, '-'), secret)
}

func (r *Redactor) appendFingerprint(dst []byte, secret string) []byte {
	h := hmac.New(sha256.New, []byte(r.cfg.FingerprintKey))
	h.Write([]byte(secret))
	return hex.AppendEncode(dst, h.Sum(nil)[:3])
}
