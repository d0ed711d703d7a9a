package redact_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/gambeson-go/gambeson/redact"
)

func TestNames(t *testing.T) {
	r := redact.Default()
	for _, n := range strings.Fields(`password Password PASSWORD passwd pwd user_password userPassword user-password new-password[2] user[password] password_v2
		passwordHash password_confirmation confirmPassword oldPassword db.password DB_PASSWORD POSTGRES_PASSWORD mysql_root_password pAsSwOrD
		PassWord pass_word passphrase secret client_secret clientSecret CLIENT_SECRET secretKey aws_secret_access_key AWS_SECRET_ACCESS_KEY
		token access_token accessToken ACCESS_TOKEN refreshToken id_token idToken bearerToken csrf_token X-CSRF-Token xsrfToken authToken
		X-Auth-Token sessionToken session_id sessionId JSESSIONID PHPSESSID connect.sid sid api_key apiKey APIKey apikey X-API-Key x-api-key
		private_key privateKey PRIVATE_KEY ssh_private_key signing_key encryptionKey master-key Authorization Proxy-Authorization cookie
		Set-Cookie otp totp otp_code mfa_code mfaCode 2fa_code verification_code recoveryCodes backup_codes pin user_pin cvv cvc cvv2 card_cvv
		ssn card_number cardNumber cc_number credit_card_number accountNumber bank_account_number connection_string connectionString
		ConnectionStrings seed_phrase seedPhrase mnemonic client_assertion code_verifier credentials credential kubeconfig jwt
		jwt_secret tokens passwords api_keys password2 my.app.db.pass dbPass rootPw github_token GITHUB_TOKEN npmToken SLACK_BOT_TOKEN
		stripe_api_key OPENAI_API_KEY webhook_secret hmac_key shared_secret sharedAccessKey account_key storageAccountKey SharedAccessSignatureToken
		deploy_key subscription-key Ocp-Apim-Subscription-Key auth_key license_key encryption_key_b64 token_raw secretValue passcode
		one_time_code security_code access_code login_code device_code basic_auth_password http_password smtp_pass ftp_password ldap_bind_pw
		service_account_key secret_id_token x-vault-token x-amz-security-token oauth_token oauth2_token _csrf authenticity_token
		RequestVerificationToken __RequestVerificationToken X-Goog-Iap-Jwt-Assertion saml_response SAMLResponse`) {
		if !r.Sensitive(n) {
			t.Errorf("%s: not sensitive", n)
		}
	}
	for _, n := range strings.Fields(`tokenizer token_type tokenType token_count tokens_per_second token_endpoint token_url token_expires_at
		password_policy password_changed_at passwordLength password_reset_url password_strength has_password_expiry secret_name secretName secret_arn
		secret_version secret_rotation_days author authority authorized authentication_method authenticated auth_provider auth_type authn_ms
		key keyboard keystone primary_key foreign_key partition_key sort_key cache_key idempotency_key public_key publicKey key_id keyId kid
		key_name private_key_id api_key_id access_key_id session_count session_duration_ms session_name cookie_name cookie_consent cookie_policy
		pinned pin_count spinner shipping mapping opinion pinterest passenger passport_country compass bypass passed pass_rate passthrough pass_count
		president residence side sidebar inside sidecar secretary secretariat credit credited credit_limit card_type card_brand card_last4
		card_expiry account_id account_name account_type status_code zip_code country_code error_code discount_code response_code exit_code
		code_challenge code_challenge_method promo_code postal_code hash commit_hash etag checksum monkey turkey donkey hockey client_id
		username user_id email nonce state scope issuer audience subject max_age otp_length otp_enabled mfa_required mfa_method signature_algorithm
		certificate fingerprint thumbprint header headers body url path route method duration trace_id span_id request_id user_agent
		accounts authors keys monkeys num_tokens_limit broken taken spoken tokenized encoding sessionless stoken_count`) {
		if r.Sensitive(n) {
			t.Errorf("%s: sensitive", n)
		}
	}
}

const p = "Onux969jzeny62" // a password

func TestText(t *testing.T) {
	jwt := "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1LTQ4NCJ9.tgdFPtJso1KS98zWXMxrZvwfUHzYjAp8XZUuAkffjI"
	_ = jwt
	r := redact.Default()
	for _, c := range []struct{ in, want string }{
		{"password=" + p, "password=[REDACTED]"},
		{"user=bob password=" + p + " host=db1 port=5432", "user=bob password=[REDACTED] host=db1 port=5432"},
		{"host=db1 user=app password='it is " + p + "' dbname=x", "host=db1 user=app password='[REDACTED]' dbname=x"},
		{"Server=tcp:db1,1433;Database=orders;User Id=sa;Password=" + p + ";Encrypt=true", "Server=tcp:db1,1433;Database=orders;User Id=sa;Password=[REDACTED];Encrypt=true"},
		{"AccountName=store;AccountKey=abc+def/123==;EndpointSuffix=core.windows.net", "AccountName=store;AccountKey=[REDACTED];EndpointSuffix=core.windows.net"},
		{"Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=abcDEF123456=", "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=[REDACTED]"},
		{"app:" + p + "@tcp(db1:3306)/orders?parseTime=true", "app:[REDACTED]@tcp(db1:3306)/orders?parseTime=true"},
		{"dsn: app:p@ss" + p + "@unix(/tmp/mysql.sock)/x", "dsn: app:[REDACTED]@unix(/tmp/mysql.sock)/x"},
		{"redis://:" + p + "@cache:6379/0", "redis://:REDACTED@cache:6379/0"},
		{"postgres://app:a/b" + p + "@db/x", "postgres://REDACTED:REDACTED@db/x"},
		{"postgres://app:%21" + p + "@db/x?sslmode=require", "postgres://REDACTED:REDACTED@db/x?sslmode=require"},
		{"amqp://guest:guest@mq:5672/", "amqp://REDACTED:REDACTED@mq:5672/"},
		{"jdbc:mysql://db1:3306/x?user=app&password=" + p, "jdbc:mysql://db1:3306/x?user=app&password=REDACTED"},
		{"jdbc:oracle:thin:app/" + p + "@//db1:1521/orcl", "jdbc:oracle:thin:app/[REDACTED]@//db1:1521/orcl"},
		{"https://ghp_DzPzcJ1R40IBOUx9sxCZW4AF7BvFHeEqs2hN@github.com/a/b", "https://REDACTED@github.com/a/b"},
		{"https://DzPzcJ1R40IBOUx9sxCZW4AF7BvF:x-oauth-basic@github.com/a/b", "https://REDACTED:REDACTED@github.com/a/b"},
		{"Authorization: Bearer " + jwt, "Authorization: [REDACTED]"},
		{"got header Authorization: Basic dXNlcjpwYXNz and failed", "got header Authorization: [REDACTED] and failed"},
		{"curl -u bob:" + p + " https://x.example.com", "curl -u bob:[REDACTED] https://x.example.com"},
		{"curl -H 'X-Api-Key: " + p + "' https://x.example.com", "curl -H 'X-Api-Key: [REDACTED]' https://x.example.com"},
		{"mysql -u root --password " + p + " db", "mysql -u root --password [REDACTED] db"},
		{"run --token=" + p + " --verbose", "run --token=[REDACTED] --verbose"},
		{"export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "export AWS_SECRET_ACCESS_KEY=[REDACTED]"},
		{`map[password:` + p + ` user:bob]`, `map[password:[REDACTED] user:bob]`},
		{`map[Authorization:[Bearer abcdefgh12345678] Accept:[*/*]]`, `map[Authorization:[[REDACTED]] Accept:[*/*]]`},
		{`&{Name:bob Password:` + p + ` Age:3}`, `&{Name:bob Password:[REDACTED] Age:3}`},
		{`{Name:"bob", Password:"x y z", Age:3}`, `{Name:"bob", Password:"[REDACTED]", Age:3}`},
		{`User{password='` + p + `', name='bob'}`, `User{password='[REDACTED]', name='bob'}`},
		{`{"password" => "` + p + `", :token=>"abc"}`, `{"password" => "[REDACTED]", :token=>"[REDACTED]"}`},
		{"password: " + p + "\nuser: bob", "password: [REDACTED]\nuser: bob"},
		{"api key: " + p, "api key: [REDACTED]"},
		{"Your OTP is 482913", "Your OTP is 482913"},
		{"otp=482913", "otp=[REDACTED]"},
		{"code=HnCUboz3u9UrnvRVujrdGLNibb&state=1", "code=REDACTED&state=1"},
		{"GET /cb?code=HnCUboz3u9UrnvRVujrdGLNibb&state=1 HTTP/1.1", "GET /cb?code=REDACTED&state=1 HTTP/1.1"},
		{"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAG4EHSY75LRRIHAOC%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
			"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=REDACTED&X-Amz-Signature=REDACTED"},
		{"https://acct.blob.core.windows.net/c?sv=2024-11-04&sig=Yn8mpYV%2BwFLfvEZrSybZCwNsyUaq5zNV%2FBZZ2pLmRrY%3D", "https://acct.blob.core.windows.net/c?sv=2024-11-04&sig=REDACTED"},
		{"pay with 4111 1111 1111 1111 please", "pay with [REDACTED] please"},
		{"iban DE89370400440532013000 ok", "iban [REDACTED] ok"},
		{"iban DE89 3704 0044 0532 0130 00 ok", "iban [REDACTED] ok"},
		{"iban GB29NWBK60161331926819.", "iban [REDACTED]."},
		{"amex 378282246310005, visa 4012888888881881", "amex [REDACTED], visa [REDACTED]"},
		{`body: {\"password\":\"` + p + `\",\"u\":1}`, `body: {\"password\":\"[REDACTED]\",\"u\":1}`},
		{`body: {\\\"password\\\":\\\"` + p + `\\\"}`, `body: {\\\"password\\\":\\\"[REDACTED]\\\"}`},
		{"Cookie: sid=abc; theme=dark", "Cookie: [REDACTED]"},
		{"x=1&amp;token=" + p + "&amp;y=2", "x=1&amp;token=[REDACTED]&amp;y=2"},
		{"password%3D" + p, "password%3DREDACTED"},
		{"a=password%253D" + p + "%2526b%253D1", "a=password%253DREDACTED%2526b%253D1"},
		{"user%5Bpassword%5D=ab%26cd&x=1", "user%5Bpassword%5D=REDACTED&x=1"},
		{"<a><Password x=\"1\">" + p + "</Password><b>1</b></a>", "<a><Password x=\"1\">[REDACTED]</Password><b>1</b></a>"},
		{`<add key="ApiKey" value="` + p + `"/><add key="City" value="Oslo"/>`, `<add key="ApiKey" value="[REDACTED]"/><add key="City" value="Oslo"/>`},
		{"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + p + "\r\n--b\r\nContent-Disposition: form-data; name=\"city\"\r\n\r\nOslo\r\n--b--",
			"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n[REDACTED]\r\n--b\r\nContent-Disposition: form-data; name=\"city\"\r\n\r\nOslo\r\n--b--"},
		{"&quot;password&quot;:&quot;" + p + "&quot;,&#34;token&#34;: &#34;" + p + "&#34;", "&quot;password&quot;:&quot;[REDACTED]&quot;,&#34;token&#34;: &#34;[REDACTED]&#34;"},
		{"ssn: 536-47-2291", "ssn: [REDACTED]"},
		{"sshpass -p " + p + " ssh h", "sshpass -p [REDACTED] ssh h"},
		{`\u0070assword=` + p, `\u0070assword=[REDACTED]`},
	} {
		if got := r.Text(c.in); got != c.want {
			t.Errorf("Text(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func TestTextKeeps(t *testing.T) {
	r := redact.Default()
	for _, s := range []string{
		"password reset link sent", "the token has expired", "invalid token: unexpected end", "secret rotation finished in 3s", "authorization: granted",
		"cookie: accepted", "missing password", "password must have 12 characters", "password is too short", "Password is required", "secret is immutable",
		"token is about four characters long", "password: required", "password: must be at least 8 characters", "token: invalid",
		"Basic internationalization works", "Bearer authentication required", "basic auth disabled", "tokens=900 max_tokens=4096",
		"https://example.com/@user/post", "https://example.com:8443/a@b", "http://[::1]:8080/x", "mailto:bob@example.com", "git@github.com:org/repo.git",
		"npm:react@18.2.0", "docker.io/library/redis:7@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"4111111111111112", "order 4006381333931 scanned", "ts=1780000000006 id=1780000000000006", "0x4111111111111111", "v4.111.1111.1111.1111",
		"2026-11-23 08:13:56.123456 INFO x", "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"", "W/\"67ab43\"", "sk-SK locale", "SK Hynix SKU-1",
		"ghp_ tokens are 40 characters", "starts with ghp_", "AKIA is the prefix", "xoxb- tokens", "see sk-learn-contrib", "key-value-store-for-distributed-systems",
		"pk_live_KGo6SQ2ZbROL4pWlz0nBBlxI", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
		"time=12:34:56 ratio=16:9", "user:group 1000:1000", "C:\\new\\table\\token.txt", "fe80::1%eth0", "100% done", "a=b%20c", "%d items", "q=caf%C3%A9",
		"eyJ is how they begin", "cursor eyJpZCI6MTIzfQ", "next=eyJpZCI6MTIzLCJkaXIiOiJmd2QifQ", "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf",
		"/v1/tokens/123", "/password/reset", "kid=2026-11 alg=RS256", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"the passkey was added", "token_type=bearer expires_in=3600", "grant_type=password", "response_type=code", "sort=key&dir=asc", "tab=password",
		"x-forwarded-for: 10.0.0.1", "content-type: text/html; charset=utf-8", "GE00 1234", "iban DE88370400440532013000", "GB30NWBK60161331926819", "US12 AB34", "session=3", "code=200", "status code: 404",
		"main.go:42", "foo::bar", "a:=b", "if password == \"\" {", "password=\"\"", "token='' x=1", "https://user@example.com/", "ssh://git@github.com/a/b",
		"Sec-WebSocket-Key accepted", "csrf: token missing", "session: expired", "auth: unsupported scheme", "for key \"auth\": unsupported",
		"path=/auth/session/refresh", "error=invalid_token", "no such secret: prod/db-main", "secretName: db-credentials-v2", "apiVersion: v1",
	} {
		if got := r.Text(s); got != s {
			t.Errorf("Text(%q) = %q", s, got)
		}
	}
}

func TestJSON(t *testing.T) {
	r := redact.Default()
	for _, c := range []struct{ in, want string }{
		{`{"password":"x","n":1}`, `{"password":"[REDACTED]","n":1}`},
		{`{"password":12345,"pin":1234,"tokens":900,"otp":null,"secret":true}`, `{"password":"[REDACTED]","pin":"[REDACTED]","tokens":900,"otp":null,"secret":true}`},
		{`{"credentials":{"a":[1,"x",{"b":"y"}],"c":true},"z":"k"}`, `{"credentials":{"a":[1,"[REDACTED]",{"b":"[REDACTED]"}],"c":true},"z":"k"}`},
		{`{"secret":{"a":[1,{"b":"y"}]},"z":"k"}`, `{"secret":{"a":["[REDACTED]",{"b":"[REDACTED]"}]},"z":"k"}`},
		{`[{"name":"password","value":"x"},{"value":"y","name":"api_key"},{"key":"Cookie","value":["a=b"]},{"name":"city","value":"Oslo"}]`,
			`[{"name":"password","value":"[REDACTED]"},{"value":"[REDACTED]","name":"api_key"},{"key":"Cookie","value":["[REDACTED]"]},{"name":"city","value":"Oslo"}]`},
		{`{"card":{"number":"1234","exp":"12/29"},"session":{"id":"abc"},"order":{"number":"77","id":"abc"}}`,
			`{"card":{"number":"[REDACTED]","exp":"12/29"},"session":{"id":"[REDACTED]"},"order":{"number":"77","id":"abc"}}`},
		{`{"a":"{\"pin\":1234,\"b\":\"{\\\"pin\\\":1234}\"}"}`, `{"a":"{\"pin\":\"[REDACTED]\",\"b\":\"{\\\"pin\\\":\\\"[REDACTED]\\\"}\"}"}`},
		{`{"a":"{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"xyz\\\\\\\"}\\\"}\"}"}`, `{"a":"{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"password\\\\\\\":\\\\\\\"[REDACTED]\\\\\\\"}\\\"}\"}"}`},
		{`{"n":4111111111111111,"id":4111111111111111,"s":"4111111111111111"}`, `{"n":"[REDACTED]","id":4111111111111111,"s":"[REDACTED]"}`},
		{`{"ghp_DzPzcJ1R40IBOUx9sxCZW4AF7BvFHeEqs2hN":1}`, `{"[REDACTED]":1}`},
		{`{"q":"a%3Dpassword%26token%3Dabc123def"}`, `{"q":"a%3Dpassword%26token%3DREDACTED"}`},
		{`{"p\u0061ssword":"x"}`, `{"p\u0061ssword":"[REDACTED]"}`},
		{`{"u":"a","token":"abc`, `{"u":"a","token":"[REDACTED]`},
		{`{"u":"a","token":"`, `{"u":"a","token":"`},
		{`{"u":"a","token":12`, `{"u":"a","token":"[REDACTED]"`},
		{`"password=abc"`, `"password=[REDACTED]"`},
		{`{"password":["can't be blank"],"x":1}`, `{"password":["[REDACTED]"],"x":1}`},
		{`{"url":"https://u:p@h/x?token=abc&y=1"}`, `{"url":"https://REDACTED:REDACTED@h/x?token=REDACTED&y=1"}`},
		{`{"h":["Authorization: Bearer abcdefgh12345678"]}`, `{"h":["Authorization: [REDACTED]"]}`},
		{`{"token_type":"Bearer","expires_in":3600,"session":"abc","auth":{"type":"x"}}`, `{"token_type":"Bearer","expires_in":3600,"session":"abc","auth":{"type":"x"}}`},
		{`{'password': 'abc', 'user': 'bob'}`, `{'password': '[REDACTED]', 'user': 'bob'}`},
		{`{"password":}`, `{"password":}`},
		{`{"a":1}}{"password":"x"}`, `{"a":1}}{"password":"[REDACTED]"}`},
		{`[["Authorization","Bearer abcdefgh12345678"],["Accept","*/*"]]`, `[["Authorization","[REDACTED]"],["Accept","*/*"]]`},
		{`["Authorization","Basic dXNlcjpwYXNz","X-Api-Key","Onux969jzeny62","password","name"]`, `["Authorization","[REDACTED]","X-Api-Key","[REDACTED]","password","name"]`},
	} {
		got := string(r.AppendJSON(nil, []byte(c.in)))
		if got != c.want {
			t.Errorf("AppendJSON\n  in %s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestAttr(t *testing.T) {
	r := redact.Default()
	for _, c := range []struct {
		in   slog.Attr
		want string
	}{
		{slog.Int("pin", 1234), "pin=[REDACTED]"},
		{slog.Int("tokens", 900), "tokens=900"},
		{slog.Bool("password", true), "password=true"},
		{slog.String("password", ""), "password="},
		{slog.Any("password", []string{"a", "b"}), `password=["[REDACTED]","[REDACTED]"]`},
		{slog.Any("body", []byte(`{"password":"x"}`)), `body={"password":"[REDACTED]"}`},
		{slog.Group("card", slog.String("number", "12"), slog.String("brand", "visa")), "card=[number=[REDACTED] brand=visa]"},
	} {
		if got := r.Attr(c.in).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}
