package verify

func logChecks() []Check { return nil }
