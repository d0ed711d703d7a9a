package tests

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	gincors "github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	chicors "github.com/go-chi/cors"
	"github.com/go-chi/httprate"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
)

// The same API three times, with the middlewares that its ecosystem recommends or without them.

type note struct {
	Text string `json:"text"`
}

// refusal is the status for a body that could not be read.
func refusal(err error) int {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func ginApp(usual bool, log io.Writer, inner http.Handler) http.Handler {
	r := gin.New()
	if usual {
		r.Use(gin.LoggerWithWriter(log), gin.RecoveryWithWriter(log), gincors.New(gincors.Config{
			AllowOrigins: []string{judgedPage}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"Authorization", "Content-Type"},
		}))
	}
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "hello") })
	r.GET("/search", func(c *gin.Context) { c.JSON(http.StatusOK, []string{}) })
	r.POST("/login", func(c *gin.Context) {
		c.Header("WWW-Authenticate", "Bearer")
		c.JSON(http.StatusUnauthorized, gin.H{"error": "wrong password"})
	})
	notes := r.Group("/notes", func(c *gin.Context) {
		if c.GetHeader("Authorization") != judgedToken {
			c.Header("WWW-Authenticate", "Bearer")
			c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "who are you?"})
		}
	})
	notes.GET("", func(c *gin.Context) { c.JSON(http.StatusOK, []note{{"Ann's"}}) })
	notes.POST("", func(c *gin.Context) {
		var in note
		if err := c.ShouldBindJSON(&in); err != nil {
			c.JSON(refusal(err), gin.H{"error": "not read"})
			return
		}
		c.JSON(http.StatusCreated, in)
	})
	if inner != nil {
		r.Any("/gambeson-verify/*rest", gin.WrapH(inner))
	}
	return r
}

func echoApp(usual bool, log io.Writer, inner http.Handler) http.Handler {
	e := echo.New()
	e.Logger.SetOutput(log)
	if usual {
		e.Pre(echomiddleware.HTTPSRedirect())
		logger := echomiddleware.DefaultLoggerConfig
		logger.Output = log
		limit := echomiddleware.NewRateLimiterMemoryStoreWithConfig(echomiddleware.RateLimiterMemoryStoreConfig{Rate: 1, Burst: judgedBurst})
		//lint:ignore SA1019 deprecated, and still what apps have
		e.Use(echomiddleware.RequestID(), echomiddleware.LoggerWithConfig(logger), //nolint:staticcheck // deprecated since 4.13, and what runs everywhere
			echomiddleware.Recover(), echomiddleware.Secure(), echomiddleware.CORSWithConfig(echomiddleware.CORSConfig{AllowOrigins: []string{judgedPage}}),
			echomiddleware.RateLimiter(limit), echomiddleware.BodyLimit("4K"), echomiddleware.ContextTimeout(time.Second))
	}
	e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "hello") })
	e.GET("/search", func(c echo.Context) error { return c.JSON(http.StatusOK, []string{}) })
	unauthorized := func(c echo.Context) error {
		c.Response().Header().Set("WWW-Authenticate", "Bearer")
		return echo.NewHTTPError(http.StatusUnauthorized, "who are you?")
	}
	e.POST("/login", unauthorized)
	notes := e.Group("/notes", func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.Request().Header.Get("Authorization") != judgedToken {
				return unauthorized(c)
			}
			return next(c)
		}
	})
	notes.GET("", func(c echo.Context) error { return c.JSON(http.StatusOK, []note{{"Ann's"}}) })
	notes.POST("", func(c echo.Context) error {
		var in note
		if err := c.Bind(&in); err != nil {
			if refusal(err) == http.StatusRequestEntityTooLarge {
				return echo.ErrStatusRequestEntityTooLarge
			}
			return err
		}
		return c.JSON(http.StatusCreated, in)
	})
	if inner != nil {
		e.Any("/gambeson-verify/*", echo.WrapHandler(inner))
	}
	return e
}

func chiApp(usual bool, out io.Writer, inner http.Handler) http.Handler {
	r := chi.NewRouter()
	if usual {
		logger := chimiddleware.RequestLogger(chiFormatter{out})
		//lint:ignore SA1019 deprecated, and still what apps have
		r.Use(chimiddleware.RequestID, chimiddleware.RealIP, logger, //nolint:staticcheck // deprecated of late, and in every tutorial
			chimiddleware.Recoverer, chimiddleware.Timeout(time.Second),
			chicors.Handler(chicors.Options{AllowedOrigins: []string{judgedPage}, AllowedMethods: []string{"GET", "POST"}, AllowedHeaders: []string{"Authorization", "Content-Type"}}),
			//lint:ignore SA1019 deprecated, and still what apps have
			httprate.LimitByIP(judgedBurst, time.Minute))
	}
	r.Get("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	r.Get("/search", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") })
	unauthorized := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "who are you?", http.StatusUnauthorized)
	}
	r.Post("/login", unauthorized)
	r.Route("/notes", func(r chi.Router) {
		r.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != judgedToken {
					unauthorized(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		r.Get("/", func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode([]note{{"Ann's"}}) })
		r.Post("/", func(w http.ResponseWriter, r *http.Request) {
			var in note
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				http.Error(w, "not read", refusal(err))
				return
			}
			w.WriteHeader(http.StatusCreated)
		})
	})
	if inner != nil {
		r.Handle("/gambeson-verify/*", inner)
	}
	return r
}

// chiFormatter is the default one, with panics in the same place as the rest: that one writes them to stderr.
type chiFormatter struct{ out io.Writer }

type chiEntry struct {
	chimiddleware.LogEntry
	out io.Writer
}

func (f chiFormatter) NewLogEntry(r *http.Request) chimiddleware.LogEntry {
	formatter := &chimiddleware.DefaultLogFormatter{Logger: log.New(f.out, "", log.LstdFlags), NoColor: true}
	return chiEntry{formatter.NewLogEntry(r), f.out}
}

func (e chiEntry) Panic(v any, stack []byte) { fmt.Fprintf(e.out, "panic: %v\n%s", v, stack) }
