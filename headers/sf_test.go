package headers_test

import (
	"testing"

	"github.com/gambeson-go/gambeson/headers"
)

// The syntax of RFC 9651, as the value of a parameter in a Permissions-Policy.
func TestStructuredFields(t *testing.T) {
	for value, good := range map[string]bool{
		`1`: true, `-1`: true, `0`: true, `123456789012345`: true, `1234567890123456`: false, `-`: false, `--1`: false, `+1`: false,
		`1.5`: true, `1.`: false, `.5`: false, `123456789012.123`: true, `1234567890123.1`: false, `1.1234`: false, `1.2.3`: false,
		`"a b"`: true, `""`: true, `"a\"b\\"`: true, `"a\b"`: false, `"a`: false, `"a\`: false, `"`: false,
		`a`: true, `*`: true, `a/b:c!#$%&'*+-.^_|~`: true, "`a": false, `_a`: false, `a"b"`: false,
		`?0`: true, `?1`: true, `?2`: false, `?`: false,
		`@1659578233`: true, `@-1`: true, `@1.5`: false, `@`: false,
		`:aGk=:`: true, `::`: true, `:aGk=`: false, `:a:`: false, `:a*k=:`: false,
		`%"x%c3%bc"`: true, `%""`: true, `%"%C3%bc"`: false, `%"%c3"`: false, `%"%zz"`: false, `%"a`: false, `%a`: false, `%`: false,
		``: false, ` 1`: false, `(1)`: false,
	} {
		_, err := headers.New(permissions("camera=();a=" + value))
		if (err == nil) != good {
			t.Errorf("%s: %v, want good: %t", value, err, good)
		}
	}
	for value, good := range map[string]bool{
		`camera=()`: true, `  camera=()  `: true, "a=(),b=()": true, `a=() , b=()`: true, `*a=()`: true, `a.b_c-d*1=()`: true,
		`a=( self )`: true, `a=(  self   *)`: true, `a=(self;x;y=1 *);z`: true, `a=self;x`: true, `a=(); x=1`: true,
		`a=();X=1`: false, `a=() ;x=1`: false, `a =()`: false, `a= ()`: false, `1a=()`: false, `a=()b=()`: false, `,a=()`: false,
		`a=(),,b=()`: false, `a=((self))`: false, `a=)`: false, `a=();`: false, `a=(self,*)`: false, `é=()`: false,
	} {
		if _, err := headers.New(permissions(value)); (err == nil) != good {
			t.Errorf("%s: %v, want good: %t", value, err, good)
		}
	}
}
