package redact_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

// cleanJSON is a body of 2 KB without secrets, without escapes, as an API sends it.
var cleanJSON = func() []byte {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < 1950; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"id":`)
		b.WriteString(strings.Repeat("7", 4))
		b.WriteString(`,"title":"Blue cotton shirt, long sleeves","price":{"amount":1999,"currency":"EUR"},"in_stock":true,"updated_at":"2026-11-23T08:13:56Z"}`)
	}
	b.WriteString(`],"next":null}`)
	return []byte(b.String())
}()

var (
	cleanLog = strings.Repeat(`level=info method=GET path=/v1/orders/42 status=200 duration=12ms peer=203.0.113.9:52144 msg="order shipped to customer" `, 17)[:2000]
	prose    = strings.Repeat("The order was shipped to the customer on Monday, and the invoice went out the same day by mail. ", 21)[:2000]
)

func BenchmarkText(b *testing.B) {
	r := redact.Default()
	for name, text := range map[string]string{"json2k": string(cleanJSON), "log2k": cleanLog, "prose2k": prose} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Text(text)
			}
		})
	}
}

// union is what others do: one regular expression for all kinds of tokens.
var union = regexp.MustCompile(`gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{16,}|` +
	`sk-ant-[\w-]{20,}|AKIA[A-Z0-9]{16}|AIza[\w-]{35}|SG\.[\w-]{22}\.[\w-]{43}|npm_\w{36}|pypi-[\w-]{50,}|hf_\w{30,}|dop_v1_[a-f0-9]{64}|` +
	`shpat_[a-f0-9]{32}|hvs\.[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----|(?i:bearer|basic) [\w.~+/-]{16,}=*|` +
	`(?i:\w*(?:password|passwd|secret|token|api_?key)\w*)["']?\s*[:=]\s*["']?[^"'\s&]+|://[^/\s:@]+:[^/\s@]+@|\b(?:\d[ -]?){13,19}\b`)

func BenchmarkRegexpUnion(b *testing.B) {
	for name, text := range map[string]string{"json2k": string(cleanJSON), "log2k": cleanLog, "prose2k": prose} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				union.ReplaceAllString(text, "[REDACTED]")
			}
		})
	}
}

func BenchmarkJSON(b *testing.B) {
	r := redact.Default()
	dst := make([]byte, 0, 4096)
	b.Run("clean2k", func(b *testing.B) {
		b.SetBytes(int64(len(cleanJSON)))
		b.ReportAllocs()
		for b.Loop() {
			dst = r.AppendJSON(dst[:0], cleanJSON)
		}
	})
	dirty := []byte(`{"user":"alice","password":"hunter2","card":{"number":"4111111111111111","cvc":123},"items":` + string(cleanJSON) + `}`)
	b.Run("dirty2k", func(b *testing.B) {
		b.SetBytes(int64(len(dirty)))
		b.ReportAllocs()
		for b.Loop() {
			dst = r.AppendJSON(dst[:0], dirty)
		}
	})
	b.Run("unmarshal-walk-marshal", func(b *testing.B) {
		b.SetBytes(int64(len(cleanJSON)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(cleanJSON, &v); err != nil {
				b.Fatal(err)
			}
			walk(v)
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, m := range v {
			switch strings.ToLower(k) {
			case "password", "token", "secret":
				v[k] = "[REDACTED]"
			default:
				walk(m)
			}
		}
	case []any:
		for _, m := range v {
			walk(m)
		}
	}
}

func cleanRecord() slog.Record {
	rec := slog.NewRecord(time.Unix(1780000000, 0), slog.LevelInfo, "http request", 0)
	rec.AddAttrs(slog.String("method", "GET"), slog.String("path", "/v1/orders/42"), slog.Int("status", 200),
		slog.Duration("duration", 12*time.Millisecond), slog.Int64("bytes", 5123), slog.String("peer", "203.0.113.9:52144"),
		slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"), slog.Bool("cached", false),
		slog.String("request_id", "0198f6c1-7c1e-7d4b-9c46-2f7b1b7f0a55"), slog.Group("user", slog.String("name", "alice")))
	return rec
}

func BenchmarkHandler(b *testing.B) {
	rec := cleanRecord()
	bare := slog.NewJSONHandler(io.Discard, nil)
	for name, h := range map[string]slog.Handler{"bare": bare, "redact": redact.Default().Handler(bare)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.Handle(ctx, rec)
			}
		})
	}
}

// BenchmarkLogAttrs is the same record made the usual way.
func BenchmarkLogAttrs(b *testing.B) {
	bare := slog.NewJSONHandler(io.Discard, nil)
	for name, h := range map[string]slog.Handler{"bare": bare, "redact": redact.Default().Handler(bare)} {
		log := slog.New(h)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				log.LogAttrs(ctx, slog.LevelInfo, "http request", slog.String("method", "GET"), slog.String("path", "/v1/orders/42"), slog.Int("status", 200),
					slog.Duration("duration", 12*time.Millisecond), slog.Int64("bytes", 5123), slog.String("peer", "203.0.113.9:52144"),
					slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"), slog.Bool("cached", false),
					slog.String("request_id", "0198f6c1-7c1e-7d4b-9c46-2f7b1b7f0a55"), slog.String("user", "alice"))
			}
		})
	}
}

func BenchmarkSensitive(b *testing.B) {
	r := redact.Default()
	for b.Loop() {
		r.Sensitive("user_agent")
	}
}
