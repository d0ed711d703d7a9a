// Command gambeson checks whether a deployed service is hardened.
//
//	gambeson verify https://api.example.com               what every service owes
//	gambeson verify -init https://api.example.com > gambeson.json
//	gambeson verify -config gambeson.json -burst 200 https://api.example.com
//	gambeson checks                                       all checks, a line each
//	gambeson explain cors-hostile                         what one is about, and how to mend it
//
// Install it with
//
//	go install github.com/gambeson-go/gambeson/cmd/gambeson@latest
//
// or beside a project's other tools, as go tool gambeson:
//
//	go get -tool github.com/gambeson-go/gambeson/cmd/gambeson
//
// The config is JSON, the fields of verify.Config by their JSON names; an unknown field is an error. Expectations are
// declared there and nothing is guessed; ${NAME} is replaced by an environment variable, for credentials. What is not declared is skipped and listed. The same file serves a unit test,
// through verify.ReadConfig.
//
// Exit code 0: nothing failed; 1: a check failed (with -fail-on warn, or warned); 2: bad usage, a bad config, or a service
// that does not answer. With NO_COLOR set, or without a terminal, there are no colours.
//
// In GitHub Actions, with the results among the code scanning alerts:
//
//	verify:
//	  runs-on: ubuntu-latest
//	  permissions: {contents: read, security-events: write}
//	  steps:
//	    - uses: actions/checkout@v6
//	    - uses: actions/setup-go@v6
//	      with: {go-version: stable}
//	    - run: go tool gambeson verify -config gambeson.json -format sarif -o gambeson.sarif https://api.example.com
//	    - if: always()
//	      uses: github/codeql-action/upload-sarif@v4
//	      with: {sarif_file: gambeson.sarif}
//
// Every night, from cron, which mails what is written:
//
//	0 4 * * *  gambeson verify -q -config /etc/gambeson.json https://api.example.com
//
// Audit only what is yours.
package main
