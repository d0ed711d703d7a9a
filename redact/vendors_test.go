package redact_test

import (
	"encoding/base64"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

// shapes are tokens as their makers document them, made anew at each run: {m22} is 22 letters and digits in both cases, {a} in lower,
// {A} in upper case, {h} hexadecimal, {d} digits, {w} base64url.
const shapes = `p8e-{a32} pat{m14}.{h64} LTAI5{m19} sk-ant-api03-{w93}AA sk-ant-admin01-{w93}AA AKCp8{m68} cmVmdGtuOjAx{m52} ATATT3xFfGF0{w180} ATCTT3xFfGN0{w180}
	ATBB{m32} sc_{a10}.{a5}.acc_{a12}.{w40}1 {m3}7Q~{w34} 4b1d{m37}1 CLOJARS_{a60} dapi{h32} dnkey-{a26}-{a52} dop_v1_{h64} dp.pt.{m43} sl.u.{w140}
	duffel_live_{w43} dt0c01.{A24}.{A64} EZAK{m54} EAAM{m150} EAACEdEose0cBA{m60} FLWSECK_TEST-{h32}-X fm2_{w100} fio-u-{w64} AIza{w35} ghp_{m36}
	github_pat_{m22}_{m59} glpat-{w20} glpat-{w27}.01.{a9} GR1348941{w20} glrt-{w20} glptt-{h40} glsa_{m32}_{h8} glc_{m60} pat.{w22}.{h24}.{m20} sat.{w22}.{h24}.{m20}
	{m14}.atlasv1.{w64} HRKU-AA{w58} hf_{m34} ico-{m31}1 s-s4t2ud-{h64} s-s4t2af-{h64} ZXlKaGJHY2lPaUpJVXpJMU5pSjku{m60} lin_api_{m40} live_{h35} test_{h35} live_{w40}
	sk.eyJ1{m60}.{w22} API-{A26} sk-{m20}T3BlbkFJ{m20} sk-proj-{w74}T3BlbkFJ{w74} sha256~{w43} access-production-{h8}-{h4}-{h4}-{h4}-{h12} pnu_{a36}
	pul-{h40} pypi-AgEIcHlwaS5vcmc{w70} rdme_{a70} rubygems_{h48} tk-us-{w48} SG.{w22}.{w43} xkeysib-{h64}-{m16} sntryu_{h64} sntrys_eyJpYXQiO{m80}_{m43} sm_aat_{m16}
	shippo_live_{h40} shpat_{h32} xoxb-{d12}-{d12}-{m24} xapp-1-A{A10}-{d13}-{h64} xoxe.xoxp-1-{m146} squ_{h40} sqp_{h40} sqa_{h40} sgp_{h16}_{h40} sq0atp-{w22} EAAA{w60}
	sk_live_{m24} rk_live_{m99} whsec_{m32} SK{h32} MTE4{m20}.G{m5}.{w38} NzA2{m20}.{w6}.{w27} tfp_{w40}_{m13} hvs.{w90} hvb.{w150} s.{m23}1 AQVN{w35}1 t1.{w20}.{w86} YC{w37}1
	re_{m8}_{m24} sbp_{h40} vcp_{m56} nfp_{m36} r8_{m37} gsk_{m52} pplx-{m48} xai-{m80} sk-or-v1-{h64} sk-{h32} sk_{h48} fc-{h32} fw_{m23}1 e2b_{h40} wandb_v1_{w70} PMAK-{h24}-{h34}
	NRAK-{A27} ntn_{d11}{m35} secret_{m43} dckr_pat_{w27} npm_{m36} oy2{a43} cio{m32} figd_{w40} cfut_{m40}{h8} tskey-auth-{m11}CNTRL-{m32} bkua_{h40} CCIPAT_{m22}_{h40} pscale_tkn_{w43}
	AGE-SECRET-KEY-1{A58} ops_eyJ{m250} A3-{A6}-{A11}-{A5}-{A5}-{A5} pat-na1-{h8}-{h4}-{h4}-{h4}-{h12} CFPAT-{w43} ddapp_{m34} snyk_uat.{h8}.{w100} nvapi-{w64} lsv2_pt_{h32}_{h10}
	pcsk_{w70} essu_{m60} ya29.{w80} 1//0{w60} GOCSPX-{w28} secret-live-{w36}= polar_oat_{w43} napi_{a64} tvly-{m32} apify_api_{m36} csk-{a48} jina_{h32}{w30} phx_{m43} zpka_{a32}_{h8}
	2b$12${m53} 2y$10${m53} argon2id$v=19$m=65536,t=3,p=4${m22}${m43}`

var alphabets = map[byte]string{
	'a': "abcdefghijklmnopqrstuvwxyz0123456789",
	'A': "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	'm': "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
	'h': "0123456789abcdef",
	'd': "0123456789",
	'w': "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
}

var placeholders = regexp.MustCompile(`\{([aAmhdw])(\d+)\}`)

// token is one of a shape. Its last byte is no hyphen, which a scanner may leave to the sentence.
func token(r *rand.Rand, shape string) string {
	return placeholders.ReplaceAllStringFunc(shape, func(m string) string {
		n, _ := strconv.Atoi(m[2 : len(m)-1])
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabets[m[1]][r.IntN(len(alphabets[m[1]]))]
		}
		if last := &b[n-1]; *last == '-' || *last == '_' {
			*last = '0'
		}
		return string(b)
	})
}

func TestShapes(t *testing.T) {
	r := redact.Default()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, shape := range strings.Fields(shapes) {
		for range 20 {
			secret := token(rnd, shape)
			for _, around := range []string{"“%”", "密码%…", `\n%\n`, "<%> <b>%</b>", "%", "deploy used % today", `{"note":"%"}`, "note=%&page=2", "it was %.", "(%)", "https://example.com/a?x=%", "a\n%\n"} {
				in := strings.ReplaceAll(around, "%", secret)
				got := r.Text(in)
				if strings.Contains(got, secret[len(secret)*2/3:]) || strings.Contains(got, secret[:len(secret)/2]) {
					t.Errorf("%s: Text(%q) = %q", shape, in, got)
				}
			}
		}
	}
}

// TestNearShapes: what only begins as a token does, or is of another length, is no token.
func TestNearShapes(t *testing.T) {
	r := redact.Default()
	for _, s := range []string{
		"test_that_a_request_with_a_long_name_passes", "live_updates_for_the_dashboard", "s.HandleRequestWithContext", "s.serveHTTPWithTimeoutOnce", "s.handleOAuth2", "pathological", "pathToTheTemplateFile", "patientRecordsV2Service", "test_20240101a", "live_2024a1", "fw_v2b17build9", "ico-24x24-arrow", "sk_b2b", "API-V2A", "patience.txt",
		"pat.name", "sat.04", "t1.id = t2.user_id", "API-CLIENTS", "API-FIRST-DESIGN-AND-MORE-OF-IT", "access-production-logs", "sk-learn", "sk_live_docs", "fc-match", "fw_version_2_0",
		"sl.no", "ext_authz.filter", "sc_component.tsx", "re_entry", "re_generate_all_of_the_customer_files", "sha256~x", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"ico-arrow-left", "dnkey-docs", "MTU 1500", "MTE.example.com", "OTA.update.v1", "~/.ssh/config", "Q~", "a~b", "in 2024Q~ about", "atlasv1.json", "the .atlasv1. format", "napi_rs", "YC2024",
		"s.ReadUint16LengthPrefixed(x)", "s.ListenAndServe", "s.pendingHeapAllocations", "YCbCrSubsampleRatio", "sl.field.Sym.SetUnit", "napi_int32", "jina_clip_v2", "jina_embeddings_v2_base_en_quantized_int8", "tk-us-east1",
		"secret-test-app1-7f9c4dbb5-x2k8p", "access-production-db01", "dnkey-node01-7f9c4d", "cfk_key1", "ext_2025-11-23.access.int32.sandbox.io.v2.test", "EAAAAAAAABcAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAA9wAAAAEA", "cioReaderFactoryImplementation", "ciomarketpop20250709",
		"Basic Options", "service.atlasv1.int32", "ZXlKcFpDSTZNVEl6TENKa2FYSWlPaUptZDJRaUxDSmhZbU1pT2lKa1pXWm5hR2xxSW4wPQ", "507f1f77bcf86cd799439011.s.507f1f77bcf86cd799439011a",
		"YCombinator", "AQVN", "EAAA", "EAAMExample", "pnu_x", "unkey_docs", "secret-live-demo", "4b1d", "e2b_docs", "squ_", "tk-us-east", "live_2024", "test_1234567890",
	} {
		for _, in := range []string{"see " + s + " there", "see " + s, "/v1/" + s + "/x", `{"a":"` + s + `"}`} { // a text may have been cut at its end
			if got := r.Text(in); got != in {
				t.Errorf("Text(%q) = %q", in, got)
			}
		}
	}
}

// TestStandardWebhooks: those secrets are base64 with + and /, at any place.
func TestStandardWebhooks(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	raw := make([]byte, 24)
	for range 500 {
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		secret := base64.StdEncoding.EncodeToString(raw)
		if got := redact.Default().Text("using whsec_" + secret + " now"); got != "using [REDACTED] now" {
			t.Fatalf("%s: %s", secret, got)
		}
	}
}

// TestPatterns: a user's tokens may look like anything.
func TestPatterns(t *testing.T) {
	r, err := redact.New(redact.Config{Patterns: []redact.Pattern{
		{Name: "employee", Prefix: "emp_", Chars: "0-9", Min: 4},
		{Name: "key", Prefix: "KEY", Chars: "A-Z", Min: 20},
		{Name: "account", Prefix: "acct-", Chars: "a-z", Min: 6},
		{Name: "code", Prefix: "MYC-", Chars: "A-F0-9", Min: 4, Max: 6},
		{Name: "short", Prefix: "tag:", Chars: "a-z", Max: 3},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"emp_12345678":               "[REDACTED]",
		"emp_123":                    "emp_123",
		"emp_abcd":                   "emp_abcd",
		"KEYABCDEFGHIJKLMNOPQRSTUVW": "[REDACTED]",
		"KEYBOARD":                   "KEYBOARD",
		"acct-qwertyuiopasdfghjkl":   "[REDACTED]",
		"MYC-AB12":                   "[REDACTED]",
		"MYC-ABCD":                   "[REDACTED]",
		"MYC-1234":                   "[REDACTED]",
		"MYC-12AB34CD56":             "[REDACTED]", // all of it
		"tag:abc":                    "[REDACTED]",
		"tag:ab":                     "tag:ab",
	} {
		if got := r.Text("see " + in + " there"); got != "see "+want+" there" {
			t.Errorf("%s: %s", in, got)
		}
	}
	if got := redact.Default().Text("postgres://app:XdzXLlxu(@db:5432/x"); got != "postgres://REDACTED:REDACTED@db:5432/x" {
		t.Error(got)
	}
}
