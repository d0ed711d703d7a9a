package redact

import "regexp"

// A rule is one kind of token: it begins with prefix at the start of a word and goes on with min to max bytes of set.
type rule struct {
	prefix   string
	set      *charset
	min, max int            // bytes behind the prefix
	exact    bool           // a longer run is something else, and so is one of letters alone
	has      string         // stands somewhere in the run
	user     bool           // what follows may look like anything
	within   bool           // the token began before the prefix, in front of a dot
	common   bool           // names begin so too: the rest must be scrambled, and most of it there where the text ends
	whole    bool           // so many names do that only all of a token is one
	re       *regexp.Regexp // decides instead of set,
	lead     int            // but only where it begins with so many bytes of set, which is quicker to see
}

// What has a shape of its own. The end of the text counts too, once the rest cannot be anything else; a rule reads a few
// bytes more than a token has, so that $ is the end of the text.
var (
	discord  = regexp.MustCompile(`^[A-Za-z0-9]{18,25}\.[A-Za-z0-9_-]{6}\.(?:[A-Za-z0-9_-]{27,45}|[A-Za-z0-9_-]{0,26}$)`)
	airtable = regexp.MustCompile(`^[A-Za-z0-9]{14}\.(?:[a-f0-9]{64}\b|[a-f0-9]{8,63}$)`)
	authress = regexp.MustCompile(`^[A-Za-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.acc[_-][A-Za-z0-9-]{10,32}\.(?:[A-Za-z0-9+/_=-]{30,120}|[A-Za-z0-9+/_=-]{0,29}$)`)
	bcrypt   = regexp.MustCompile(`^\d\d\$[A-Za-z0-9./]{53}`)
	argon2   = regexp.MustCompile(`^(v=\d+\$)?m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]{16,}`)
	resend   = regexp.MustCompile(`^[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b`)
	harness  = regexp.MustCompile(`^[A-Za-z0-9_-]{22}\.(?:[a-f0-9]{24}\.(?:[A-Za-z0-9]{20}\b|[A-Za-z0-9]{0,19}$)|[a-f0-9]{8,24}$)`)
)

// vendors are the tokens whose makers gave them a prefix. The lengths are the least that the vendor issues, with a
// margin below; prefixes that are words of their own need more.
var vendors = func() []rule {
	var t []rule
	add := func(set *charset, least int, prefixes ...string) {
		for _, p := range prefixes {
			t = append(t, rule{prefix: p, set: set, min: least, max: maxRun})
		}
	}
	exact := func(set *charset, n int, prefixes ...string) {
		for _, p := range prefixes {
			t = append(t, rule{prefix: p, set: set, min: n, max: n, exact: true})
		}
	}
	// Code hosting and CI
	add(wordSet, 30, "ghp_", "gho_", "ghu_", "ghs_", "ghr_")
	add(wordSet, 22, "github_pat_")
	add(dottedSet, 16, "glpat-", "glrt-", "gldt-", "glptt-", "glcbt-", "glft-", "glsoat-", "glimt-", "glagent-", "gloas-", "glffct-")
	add(base64url, 20, "GR1348941")
	add(wordSet, 30, "gitea_", "bkua_", "CCIPAT_", "CCIPRJ_")
	add(hexSet, 40, "squ_", "sqp_", "sqa_")
	add(dottedSet, 36, "snyk_uat.", "snyk_sat.")
	add(base64Set, 30, "ATATT3", "ATCTT3", "ATBB", "BBDC-")
	// Chat
	for _, a := range "MNO" { // Discord: a number in base64, a time, a MAC
		for _, b := range "DTjz" {
			for _, c := range "AEIMQUYcgk" {
				t = append(t, rule{prefix: string([]rune{a, b, c}), re: discord, set: alnumSet, lead: 18, max: 80})
			}
		}
	}
	add(dottedSet, 10, "xoxb-", "xoxa-", "xoxp-", "xoxe-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xoxo-", "xoxe.xoxp-", "xoxe.xoxb-", "xapp-")
	// Payment
	add(base64Set, 16, "whsec_")
	add(alnumSet, 10, "sk_live_", "sk_test_", "rk_live_", "rk_test_", "rk_prod_", "sk_prod_")
	exact(base64url, 60, "EAAA")
	add(newCharset("a-f0-9-"), 36, "access-sandbox-", "access-development-", "access-production-")
	exact(hexSet, 35, "live_", "test_")
	exact(base64url, 40, "live_")
	add(base64url, 22, "sq0atp-", "sq0csp-", "EAAAl", "access_token$production$", "access_token$sandbox$")
	add(wordSet, 30, "FLWSECK_TEST-", "FLWSECK-")
	add(base64url, 16, "live_sk_", "test_sk_", "sandbox_sk_", "pdl_live_apikey_", "pdl_sdbx_apikey_", "rzp_live_", "rzp_test_")
	// Models
	add(base64url, 20, "sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-or-v1-", "sk-lf-")
	t = append(t, rule{prefix: "sk-", set: base64url, min: 40, max: 256, has: "T3BlbkFJ"})
	exact(alnumSet, 48, "sk-")
	exact(hexSet, 32, "sk-", "fc-")
	exact(hexSet, 48, "sk_")
	exact(alnumSet, 24, "fw_")
	add(base64url, 40, "wandb_v1_")
	add(hexSet, 40, "e2b_")
	add(alnumSet, 30, "hf_", "api_org_", "r8_", "gsk_", "pplx-", "xai-", "tvly-", "apify_api_")
	add(base64url, 50, "jina_")
	add(base64url, 40, "nvapi-", "fio-u-")
	add(base64url, 30, "pcsk_", "lsv2_pt_", "lsv2_sk_", "csk-")
	// Clouds
	for _, c := range "0123456789abcdef" { // Twilio: SK and 32 hexadecimal digits
		exact(hexSet, 31, "SK"+string(c))
	}
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		exact(base64url, 37, "YC"+string(c)) // Yandex
		if c != '-' && c != '_' {
			exact(alnumSet, 23, "s."+string(c)) // Vault before 1.10
		}
	}
	exact(base64url, 36, "AQVN")
	t = append(t, rule{prefix: "t1.", set: dottedSet, min: 88, max: maxRun, has: "."})
	add(alnumSet, 40, "cfut_", "cfat_", "cfk_")
	exact(upperSet, 16, "AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA")
	add(base64Set, 60, "ABSK", "bedrock-api-key-")
	add(base64url, 30, "AIza", "ya29.", "GOCSPX-", "AQ.Ab")
	add(base64url, 20, "GOCSPX-", "ya29.", "1//0")
	add(hexSet, 40, "dop_v1_", "doo_v1_", "dor_v1_")
	add(base64Set, 40, "LTAI5tSecret", "v1.0-")
	add(alnumSet, 16, "LTAI")
	add(base64url, 30, "HRKU-", "rnd_", "fo1_", "rlwy_", "vercel_blob_rw_", "vcp_", "vci_", "nfp_", "sbp_", "sb_secret_")
	add(base64Set, 30, "FlyV1", "fm1r_", "fm2_", "fm1a_")
	add(base64url, 30, "pscale_tkn_", "pscale_pw_", "pscale_oauth_")
	add(base64url, 24, "tfp_", "pul-", "scw_secret_")
	// Infrastructure
	add(base64url, 20, "hvs.", "hvb.", "hvr.")
	t = append(t, rule{prefix: "atlasv1.", set: base64url, min: 40, max: maxRun, within: true})
	t = append(t, rule{prefix: "pat.", re: harness, set: base64url, lead: 22, max: 80}, rule{prefix: "sat.", re: harness, set: base64url, lead: 22, max: 80})
	exact(base64url, 43, "sha256~")
	exact(newCharset("A-Z0-9"), 26, "API-")
	add(alnumSet, 32, "pnu_", "pnb_")
	add(base64url, 40, "tk-us-", "tk-eu-")
	add(newCharset("a-z0-9-"), 75, "dnkey-")
	exact(alnumSet, 38, "4b1d")
	exact(alnumSet, 32, "ico-")
	add(newCharset("a-z0-9"), 40, "napi_")
	add(alnumSet, 40, "essu_")
	add(alnumSet, 30, "zpka_", "ddapp_")
	add(hexSet, 60, "s-s4t2ud-", "s-s4t2af-")
	add(base64Set, 30, "glsa_", "glc_", "eyJrIjoi")
	add(base64url, 16, "dckr_pat_", "dckr_oat_", "tskey-")
	add(dottedSet, 30, "dt0c01.", "dt0s01.", "dt0s02.", "dt0s04.", "dt0s06.", "dt0s08.", "dt0s16.")
	add(base64url, 26, "NRAK-", "NRII-", "NRAA-")
	add(hexSet, 19, "NRJS-")
	add(base64url, 30, "ddapi_", "phc_secret_", "phx_", "rpa_")
	add(hexSet, 40, "sntryu_", "sntrya_", "sntryi_")
	add(hexSet, 32, "dapi", "key-")
	add(base64Set, 40, "sntrys_", "ops_eyJ")
	add(dottedSet, 40, "sk.eyJ1Ijoi")
	add(base64url, 40, "AGE-SECRET-KEY-1", "op_secret_")
	add(newCharset("A-Z0-9-"), 36, "A3-")
	add(base64url, 30, "akp_", "ak_live_", "sm_secret_")
	add(dottedSet, 30, "dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit.")
	// -----BEGIN [RSA, EC, OPENSSH, ENCRYPTED] PRIVATE in base64, as manifests have it
	add(base64Set, 40, "LS0tLS1CRUdJTiBQUklWQVRF", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURS", "LS0tLS1CRUdJTiBFQyBQUklWQVRF", "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVE",
		"LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFURS")
	// A JWT in base64 once more: the members that joseHeader knows
	add(base64Set, 50, "ZXlKaGJHY2", "ZXlKMGVYQW", "ZXlKcmFXUW", "ZXlKbGJtTW", "ZXlKamRIa2", "ZXlKNE5YUW", "ZXlKcWEzVW", "ZXlKNmFYQW")
	// Hashes of passwords, behind a $
	for _, p := range []string{"2a$", "2b$", "2x$", "2y$"} {
		t = append(t, rule{prefix: p, re: bcrypt, max: 56})
	}
	for _, p := range []string{"argon2id$", "argon2i$", "argon2d$"} {
		t = append(t, rule{prefix: p, re: argon2, max: 256})
	}
	// Packages
	add(alnumSet, 30, "npm_")
	add(base64url, 40, "pypi-AgEI", "pypi-")
	add(hexSet, 40, "rubygems_")
	exact(alnumSet, 32, "cio")
	add(alnumSet, 28, "oy2", "CLOJARS_", "nuget_")
	add(base64url, 24, "AKCp", "cmVmdGtu", "cloudsmith_")
	// Shops, mail, work
	add(hexSet, 32, "shpat_", "shpca_", "shppa_", "shpss_", "shptka_")
	add(dottedSet, 40, "SG.")
	t = append(t, rule{prefix: "re_", re: resend, set: alnumSet, lead: 8, max: 34})
	exact(wordSet, 33, "re_") // of which the end is cut
	add(base64url, 60, "xkeysib-", "xsmtpsib-")
	add(base64url, 20, "lin_api_", "lin_oauth_", "ntn_", "PMAK-", "PMAT-", "figd_", "figo_", "re_live_", "mlsn.", "tly-", "shippo_live_", "shippo_test_",
		"duffel_live_", "duffel_test_", "EZAK", "EZTK", "sk_prod", "CFPAT-", "rdme_", "secret_live_", "secret_test_")
	add(alnumSet, 40, "secret_")
	add(alnumSet, 24, "pat-na1-", "pat-eu1-", "patSecret")
	add(hexDashSet, 30, "pat-na1-", "pat-eu1-", "pat-na2-")
	add(base64url, 40, "EAACEdEose0cBA", "EAAG", "IGQV")
	add(alnumSet, 100, "EAAM", "EAAC")
	add(dottedSet, 100, "sl.")
	t = append(t, rule{prefix: "pat", re: airtable, set: alnumSet, lead: 14, max: 90})
	add(newCharset("a-z0-9"), 30, "p8e-")
	for _, p := range []string{"sc_", "ext_", "scauth_", "authress_"} {
		t = append(t, rule{prefix: p, re: authress, set: alnumSet, lead: 5, max: 200})
	}
	add(alnumSet, 16, "sm_aat_", "sm_pat_", "sm_sat_", "unkey_")
	add(base64url, 36, "secret-live-", "secret-test-", "polar_oat_")
	add(base64url, 25, "ATTA", "cal_live_", "sgp_", "sgd_", "sgs_", "sk_clerk_")
	for i, r := range t {
		switch p := r.prefix; p {
		case "live_", "test_", "fw_", "re_", "fc-", "sk_", "cio", "jina_", "napi_", "cfk_", "ico-", "4b1d", "API-", "tk-us-", "tk-eu-", "dnkey-", "p8e-", "secret-live-", "secret-test-",
			"access-sandbox-", "access-development-", "access-production-", "sl.", "t1.", "EAAA", "EAAC", "EAAM":
			t[i].common = true
		default:
			t[i].whole = p[:2] == "s." || p[:2] == "YC"
			t[i].common = t[i].whole
		}
	}
	return t
}()
