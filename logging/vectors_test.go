package logging_test

import (
	"encoding/json"
	"os"
	"testing"
)

// testdata/cases.json holds behaviours in words. Each has its test here; those of the redactor on Go types are package
// redact's, and are run through NewHandler by TestHandlerRedactsAsRedactDoes.
var cases = map[string]func(*testing.T){
	"status-none":                   caseStatusNone,
	"status-explicit":               caseStatusExplicit,
	"status-hijack":                 caseHijack(false),
	"status-hijack-rc":              caseHijack(true),
	"bytes-readfrom":                caseReadFrom,
	"bytes-content-length-mismatch": caseContentLength,
	"iface-readerfrom":              caseReaderFromBelow,
	"iface-bare":                    caseBareWriter,
	"iface-websocket":               caseWebSocket,
	"iface-late-write":              caseLateWrite,
	"iface-concurrent":              caseConcurrent,
	"iface-trailer":                 caseTrailer,
	"level-table":                   caseLevelTable,
	"level-dynamic":                 caseLevelDynamic,
	"level-slow-stream":             caseSlowStream,
	"level-slow-5xx":                caseSlow5xx,
	"level-options":                 caseOptions,
	"panic-before":                  TestPanicBeforeTheAnswer,
	"panic-error-value":             TestPanicValues,
	"panic-nil":                     TestPanicValues,
	"panic-abort":                   TestAbortHandler,
	"panic-double":                  TestPanicWhilePanicking,
	"panic-secret":                  TestPanicValues,
	"abort-deadline":                TestNotTheClient,
	"abort-write-error":             caseWriteError,
	"field-route":                   caseRoute,
	"field-route-clone":             caseRouteOfACopy,
	"field-method-odd":              caseOddMethod,
	"field-xff-trusted":             caseForwardedFor,
	"field-http2":                   caseHTTP2,
	"field-withgroup":               caseWithGroup,
	"rid-generated":                 caseGeneratedID,
	"rid-echo-valid":                caseTrustedID,
	"rid-context":                   caseIDFromContext,
	"tp-invalid":                    caseInvalidTrace,
	"body-off":                      caseBodyOff,
	"body-utf8":                     caseBodyUTF8,
	"body-invalid-json":             caseBodyMalformed,
	"body-only-errors":              caseBodyOnlyErrors,
	"body-expect-continue":          caseExpectContinue,
	"inj-crlf-path":                 caseCRLF,
	"inj-invalid-utf8":              caseInvalidUTF8,
	"inj-bidi":                      caseBidi,
	"sec-headers":                   caseHeaders,
	"sec-tracker":                   caseTracker,
	"hook-error":                    caseHook,
	"hook-slow":                     caseSlowHook,
	"hook-panics":                   caseHookPanics,
}

func TestCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct{ ID, Area, Setup, Expect string }
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		if c.Area == "redact-go-types" {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			test := cases[c.ID]
			if test == nil {
				t.Fatalf("no test for: %s → %s", c.Setup, c.Expect)
			}
			test(t)
		})
	}
}
