package verify

func httpsChecks() []Check { return nil }
