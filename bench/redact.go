package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/gambeson-go/gambeson/redact"
)

// union is what others do: one regular expression for all kinds of secrets.
var union = regexp.MustCompile(`gh[pousr]_[A-Za-z0-9]{36}|glpat-[\w-]{20}|xox[abprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{16,}|sk-ant-[\w-]{20,}|` +
	`AKIA[A-Z0-9]{16}|AIza[\w-]{35}|SG\.[\w-]{22}\.[\w-]{43}|npm_\w{36}|hf_\w{30,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*|` +
	`-----BEGIN [A-Z ]*PRIVATE KEY-----|(?i:bearer|basic) [\w.~+/-]{16,}=*|` +
	`(?i:\w*(?:password|passwd|secret|token|api_?key)\w*)["']?\s*[:=]\s*["']?[^"'\s&]+|://[^/\s:@]+:[^/\s@]+@|\b(?:\d[ -]?){13,19}\b`)

// cleanJSON is a body of 2 KB without a secret in it.
func cleanJSON() []byte {
	type item struct {
		ID    int      `json:"id"`
		Name  string   `json:"name"`
		Price float64  `json:"price"`
		Tags  []string `json:"tags"`
		URL   string   `json:"url"`
	}
	var items []item
	for i := range 15 {
		items = append(items, item{i, "A chair with four legs", 12.5, []string{"wood", "oak", "kitchen"}, "https://shop.example.com/items/chair"})
	}
	return must(json.Marshal(items))
}

// walk is the usual way through decoded JSON: names against a list.
func walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			switch strings.ToLower(key) {
			case "password", "token", "secret", "api_key", "authorization":
				v[key] = "[REDACTED]"
			default:
				walk(value)
			}
		}
	case []any:
		for _, value := range v {
			walk(value)
		}
	}
}

func redactTasks() []task {
	r := redact.Default()
	body := cleanJSON()
	text := strings.Repeat("level=info msg=served method=GET path=/items/42 status=200 took=12ms peer=203.0.113.9 agent=curl\n", 20)
	dst := make([]byte, 0, 2*len(body))

	ctx := context.Background()
	bare := slog.NewJSONHandler(io.Discard, nil)
	record := func(h slog.Handler) func() {
		logger := slog.New(h)
		return func() {
			logger.LogAttrs(ctx, slog.LevelInfo, "http request",
				slog.String("method", "GET"), slog.String("path", "/v1/orders/42"), slog.Int("status", 200),
				slog.Duration("duration", 12*time.Millisecond), slog.Int64("bytes", 5123), slog.String("peer", "203.0.113.9:52144"),
				slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"), slog.Bool("cached", false),
				slog.String("request_id", "0198f6c1-7c1e-7d4b-9c46-2f7b1b7f0a55"), slog.String("user", "alice"))
		}
	}

	return []task{
		{"redact, clean record of 10 attributes", 1, []side{{"gambeson", record(r.Handler(bare)), 0}, {"slog.JSONHandler bare", record(bare), 1.35}}, 0},
		{"redact, clean JSON of 2 KB", 0, []side{
			{"gambeson", func() { dst = r.AppendJSON(dst[:0], body) }, 0},
			{"unmarshal, walk, marshal", func() {
				var v any
				if err := json.Unmarshal(body, &v); err != nil {
					panic(err)
				}
				walk(v)
				must(json.Marshal(v))
			}, 0.2},
		}, 0},
		{"redact, clean text of 2 KB", 0, []side{
			{"gambeson", func() { r.Text(text) }, 0},
			{"regexp union", func() { union.ReplaceAllString(text, "[REDACTED]") }, 0.01},
		}, 0},
	}
}
