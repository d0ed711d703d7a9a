// Package redisstore is a ratelimit.Store in Redis or Valkey.
package redisstore
