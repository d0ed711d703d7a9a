package verify

func authChecks() []Check { return nil }
