package redact

import "strings"

// A wordInfo says what a word does at the end of a name, and in front of another.
type wordInfo struct {
	head    nameClass // what a name is that ends in this word
	tail    bool      // says nothing about the name; the word before it counts
	partner partner   // needs one of these words in front of it
	before  partner   // is one of the words that these partners need
	filler  bool      // stands between a name and its colon in a sentence: "API key provided:"
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
	pHint
	pProof
	pHeader
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
	head(strong, `password passwd pwd pw passphrase passcode passwort kennwort senha wachtwoord contrasena secret token jwt jws jwe otp totp hotp pin cvv cvc csc
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
		decrypted encoded decoded prod dev test live staging default primary secondary tmp temp literal backup
		jwk json string binary salt`, func(i *wordInfo) { i.tail = true })
	each(`provided supplied given received`, func(i *wordInfo) { i.filler = true })

	pair := func(p partner, heads, before string) {
		each(heads, func(i *wordInfo) { i.partner |= p })
		each(before, func(i *wordInfo) { i.before |= p })
	}
	pair(pKey, "key keys", `api access secret private priv signing signature sign encryption encrypt decryption decrypt crypt crypto cipher
		master account acct auth authentication ssh hmac subscription deploy admin root app application consumer client shared symmetric
		aes des rsa dsa ecdsa ed jwt webhook bot functions function recovery security storage sas gpg pgp wallet license host session sess
		token password pass user merchant integration ingest write server service dek kek openai anthropic stripe sendgrid
		mailgun algolia datadog github gitlab newrelic twilio aws azure gcp google maps vault pagerduty cloudflare tls ssl
		unseal machine validation rapidapi bootstrap join`)
	pair(pCode, "code codes", `verification verify mfa fa otp totp hotp backup recovery time authorization auth security sms login access pass
		pin confirmation confirm invite invitation activation unlock magic card cvv device reset twofactor factor redemption`)
	pair(pNumber, "number num no nr numbers", `card account acct cc credit debit security ssn pan bank routing iban passport tax social pin cvv cvc cvn otp`)
	pair(pID, "id ids", `session sess`)
	pair(pVerifier, "verifier verifiers", `code client password oauth pkce`)
	pair(pAssertion, "assertion assertions", `client jwt saml bearer`)
	pair(pPhrase, "phrase phrases words", `seed pass recovery secret mnemonic backup wallet`)
	pair(pString, "string strings str", `connection conn secret`)
	pair(pWord, "word wd", `pass secret`)
	pair(pResponse, "response request", `saml`)
	pair(pAnswer, "answer answers", `security secret challenge`)
	pair(pHint, "hint", `token`) // OpenID Connect sends whole tokens as hints
	pair(pProof, "proof", `secret appsecret`)
	pair(pHeader, "header", `authorization auth cookie bearer`)
	return t
}()

// rare holds the last letters of every word that can end a sensitive name: most names are let go after a look at them.
type rare struct {
	three [1 << 15 / 64]uint64 // of words of three letters and more
	two   [1 << 10 / 64]uint64 // words of two
	one   uint32               // words of one
}

var rareEnds = func() (t rare) {
	note := func(w string) {
		n := len(w)
		k := uint(w[n-1] & 31)
		if n == 1 {
			t.one |= 1 << k
			return
		}
		k |= uint(w[n-2]&31) << 5
		if n == 2 {
			t.two[k>>6] |= 1 << (k & 63)
			return
		}
		k |= uint(w[n-3]&31) << 10
		t.three[k>>6] |= 1 << (k & 63)
	}
	for w, info := range words {
		if info.head != none || info.tail || info.filler || info.partner != 0 {
			note(w)
		}
	}
	for _, w := range endings {
		note(w)
	}
	return t
}()

// ordinary says, fast, that no name that ends so can be sensitive.
func ordinary(name string) bool {
	i := len(name) - 1
	if i >= 2 && name[i-2] == '%' { // an escaped bracket
		return false
	}
	low := max(0, i-16)
	for i >= low && class[name[i]]&letter == 0 {
		i--
	}
	if i < low {
		return i < 0 || len(name) <= 16
	}
	k := uint(name[i] & 31)
	if i == 0 || class[name[i-1]]&letter == 0 {
		return rareEnds.one>>k&1 == 0
	}
	if rareEnds.one>>k&1 != 0 && class[name[i]]&upper != 0 && class[name[i-1]]&lower != 0 {
		return false
	}
	k |= uint(name[i-1]&31) << 5
	if rareEnds.two[k>>6]>>(k&63)&1 != 0 {
		return false
	}
	if i == 1 || class[name[i-2]]&letter == 0 {
		return true
	}
	k |= uint(name[i-2]&31) << 10
	return rareEnds.three[k>>6]>>(k&63)&1 == 0
}

// endings are what an unsplit word may end with: "userpassword", "PHPSESSID", "myapikey". Only what no ordinary word ends
// with is here, but for the exceptions that ending knows.
var endings = strings.Fields(`password passwd sessionid sessid passphrase passcode cookie pw pwd recoverycode verificationcode
		samlresponse secret token authorization assertion apikey secretkey privatekey accesskey encryptionkey signingkey masterkey
		sharedkey authkey cardnumber codeverifier credential cardcvv cardcvc passwords secrets tokens apikeys credentials pass`)

// endingsBy is endings by last letter.
var endingsBy = func() (t [32][]string) {
	for _, e := range endings {
		k := e[len(e)-1] & 31
		t[k] = append(t[k], e)
	}
	return t
}()

func ending(w string) nameClass {
	if len(w) < 5 {
		return none
	}
	for _, e := range endingsBy[w[len(w)-1]&31] {
		if strings.HasSuffix(w, e) {
			switch w {
			case "compass", "bypass", "surpass", "trespass", "overpass", "underpass", "encompass", "bandpass", "highpass", "lowpass", "allpass":
				return none
			}
			return pairClass(e)
		}
	}
	return none
}
