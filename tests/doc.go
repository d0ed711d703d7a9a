// Package tests holds what needs more than the standard library to be judged: the response wrapper under a real
// WebSocket client, and the library as a stranger gets it, from a module proxy. Nobody imports it.
package tests
