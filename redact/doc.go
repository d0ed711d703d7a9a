// Package redact keeps secrets out of logs and error responses, and everything else in them.
//
//	log := slog.New(redact.Default().Handler(slog.NewJSONHandler(os.Stderr, nil)))
//	log.Info("login", "user", "bob", "password", "hunter2", "attempts", 3)
//	// … "user":"bob","password":"[REDACTED]","attempts":3
//
// # What is found
//
// By name: a name is split into words and judged by its last one that says something. user_password, userPassword and
// new-password[2] are passwords, password_policy is a policy, tokens: 900 is a count. Booleans, nulls and empty values
// stay. Names are looked at wherever they stand: attributes and groups, struct fields by their Go name and their tag, map
// keys, JSON, forms, queries, headers, name=value in text, lists of name and value.
//
// By value: tokens of about 200 kinds by their prefix, alphabet and length, JWT and JWE, private keys in PEM, payment
// cards by issuer, length and check digit, IBANs, Basic and Bearer credentials, the userinfo of URLs, connection strings,
// signatures of signed URLs.
//
// Through escapes: percent encoding and JSON in strings, three levels deep, in any mixture.
//
// # Rules
//
//   - Redact first, cut second. A text that was cut in the middle of a token is recognized at its end, and only there. A
//     match that touches the end may be shorter than its kind, but needs a few bytes that look like one: 4 to 12 behind
//     most prefixes, most of a token behind one that names have too, such as live_ or t1. An unclosed string under a
//     secret name goes whole.
//   - Give values, not sentences. slog.String("password", p) is always found; "the password " + p only if p cannot be a word.
//   - Put [Redactor.Handler] directly around the handler that writes. What a handler further in adds is not seen.
//   - [Redactor.Writer] sees text only. It is for loggers that are not slog's, not a second Handler.
//   - What cannot be judged is replaced: a value whose marshaller fails or panics, nests more than 32 deep, has more than
//     65536 parts or renders to more than 1 MiB.
//   - A [fmt.Stringer] speaks for itself only if none of its fields is secret. Else they are shown, as JSON. What unexported
//     pointers, maps and interfaces lead to is not looked at.
//   - Addresses, phone numbers and mail addresses stay, unless [Config] says otherwise. So do commit hashes, UUIDs
//     and public identifiers. There is no entropy rule: it takes commit hashes for secrets.
//
// All searching is linear in the length of the text. No regular expression runs over it: those in [Config], and a few of
// ours, are tried behind a literal prefix alone. A clean text costs no allocation.
//
// References: OWASP Logging Cheat Sheet; PCI DSS 4.0 requirement 3; OpenTelemetry semantic conventions for url.full; RFC
// 3986, 6750, 7519, 7617, 8259, 9110; ISO/IEC 7812 and ISO 13616.
package redact
