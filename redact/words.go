package redact

import "strings"

// A wordInfo says what a word does at the end of a name, and in front of another.
type wordInfo struct {
	head    nameClass // what a name is that ends in this word
	tail    bool      // says nothing about the name; the word before it counts
	partner partner   // needs one of these words in front of it
	before  partner   // is one of the words that these partners need
}

// partner is a set of words that are secret only together with the word before them, as in "api key".
type partner uint16

const (
	pKey partner = 1 << iota
	pCode
	pNumber
	pID
	pVerifier
	pAssertion
	pPhrase
	pString
	pWord
	pResponse
	pAnswer
)

// words is the vocabulary of the name rule, in lower case.
var words = func() map[string]wordInfo {
	t := make(map[string]wordInfo, 400)
	each := func(list string, set func(*wordInfo)) {
		for _, w := range strings.Fields(list) {
			info := t[w]
			set(&info)
			t[w] = info
		}
	}
	head := func(c nameClass, list string) { each(list, func(i *wordInfo) { i.head = c }) }
	head(strong, `password passwd pwd pw passphrase passcode passwort kennwort senha secret token jwt jws jwe otp totp hotp pin cvv cvc csc
		cvn ssn authorization cookie csrf xsrf sid bearer psk credential cred mnemonic apikey accesskey secretkey privatekey
		passkey authtoken accesstoken refreshtoken idtoken sessionid sessionkey sessid jsessionid phpsessid aspsessionid kubeconfig
		privkey secretaccesskey connectionstring connstring connstr cardnumber cardnum ccnumber ccnum accountnumber creditcard
		authkey signingkey encryptionkey masterkey securitycode cardcode verificationcode codeverifier clientassertion samlresponse
		samlrequest samlassertion otpcode mfacode totpcode backupcode recoverycode seedphrase recoveryphrase userpass userpw dbpass
		dbpw mypass rootpass rootpw adminpass adminpw smtppass ftppass basicauth xauth`)
	head(plural, `passwords passwds passphrases passcodes secrets tokens jwts otps pins cookies credentials creds apikeys bearers pass
		accesstokens refreshtokens`)
	head(looks, `session sess auth authentication sessions`)
	head(queryOnly, `code sig signature hmac key ticket assertion saml`)
	each(`value val values str raw b64 b base64 base hex hash hashed digest new old confirm confirmation confirmed again repeat
		repeated retype verify v current previous prev next plain plaintext clear cleartext pem der bytes text data enc encrypted
		decrypted encoded decoded prod dev test live staging default primary secondary tmp temp content contents literal backup
		jwk`, func(i *wordInfo) { i.tail = true })

	pair := func(p partner, heads, before string) {
		each(heads, func(i *wordInfo) { i.partner |= p })
		each(before, func(i *wordInfo) { i.before |= p })
	}
	pair(pKey, "key keys", `api access secret private priv signing signature sign encryption encrypt decryption decrypt crypt crypto cipher
		master account acct auth authentication ssh hmac subscription deploy admin root app application consumer client shared symmetric
		aes des rsa dsa ecdsa ed jwt webhook bot functions function recovery security storage sas gpg pgp wallet license host session sess
		token password pass user merchant integration ingest write server service dek kek openai anthropic stripe sendgrid
		mailgun algolia datadog github gitlab newrelic twilio aws azure gcp google maps vault pagerduty cloudflare tls ssl`)
	pair(pCode, "code codes", `verification verify mfa fa otp totp hotp backup recovery time authorization auth security sms login access pass
		pin confirmation confirm invite invitation activation unlock magic card cvv device reset twofactor factor redemption`)
	pair(pNumber, "number num no nr numbers", `card account acct cc credit debit security ssn pan bank routing iban passport tax social pin`)
	pair(pID, "id ids", `session sess`)
	pair(pVerifier, "verifier verifiers", `code client password oauth pkce`)
	pair(pAssertion, "assertion assertions", `client jwt saml bearer`)
	pair(pPhrase, "phrase phrases words", `seed pass recovery secret mnemonic backup wallet`)
	pair(pString, "string strings str", `connection conn secret`)
	pair(pWord, "word wd", `pass`)
	pair(pResponse, "response request", `saml`)
	pair(pAnswer, "answer answers", `security secret challenge`)
	return t
}()

// endings are what an unsplit word may end with: "userpassword", "PHPSESSID", "myapikey". Only what no ordinary word ends
// with is here.
func ending(w string) nameClass {
	if len(w) < 5 {
		return none
	}
	switch w[len(w)-1] {
	case 'd':
		if hasSuffix(w, "password", "passwd", "sessionid", "sessid", "accountpwd", "userpwd", "dbpwd") {
			return strong
		}
	case 'e':
		if hasSuffix(w, "passphrase", "passcode", "cookie", "recoverycode", "verificationcode", "samlresponse") {
			return strong
		}
	case 't':
		if hasSuffix(w, "secret") {
			return strong
		}
	case 'n':
		if hasSuffix(w, "token", "authorization", "assertion") {
			return strong
		}
	case 'y':
		if hasSuffix(w, "apikey", "secretkey", "privatekey", "accesskey", "encryptionkey", "signingkey", "masterkey", "sharedkey", "authkey") {
			return strong
		}
	case 'r':
		if hasSuffix(w, "cardnumber", "codeverifier") {
			return strong
		}
	case 'l':
		if hasSuffix(w, "credential") {
			return strong
		}
	case 's':
		switch {
		case hasSuffix(w, "passwords", "secrets", "tokens", "apikeys", "credentials"):
			return plural
		case hasSuffix(w, "pass") && !hasSuffix(w, "compass", "bypass", "surpass", "trespass", "overpass", "underpass", "encompass"):
			return plural
		}
	case 'v', 'c':
		if hasSuffix(w, "cardcvv", "cardcvc") {
			return strong
		}
	}
	return none
}

func hasSuffix(w string, ends ...string) bool {
	for _, e := range ends {
		if strings.HasSuffix(w, e) {
			return true
		}
	}
	return false
}
