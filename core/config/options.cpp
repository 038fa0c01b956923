// The kernel's own options: the only place that states their names, types, defaults and help.
#include "core/config/config.hpp"
#include "mortise/tier.hpp"

namespace mortise::config {
namespace {

Option option(const char* section, const char* key, Type type, const char* fallback, const char* help) {
  Option result;
  result.section = section;
  result.key = key;
  result.type = type;
  result.fallback = fallback;
  result.help = help;
  result.repeatable = type == Type::list;
  return result;
}

Option text(const char* section, const char* key, const char* fallback, const char* help) {
  return option(section, key, Type::string, fallback, help);
}
Option list(const char* section, const char* key, const char* fallback, const char* help) {
  return option(section, key, Type::list, fallback, help);
}
Option flag(const char* section, const char* key, const char* fallback, const char* help) {
  return option(section, key, Type::boolean, fallback, help);
}
Option choice(const char* section, const char* key, const char* fallback, std::vector<std::string> choices,
              const char* help) {
  Option result = option(section, key, Type::string, fallback, help);
  result.choices = std::move(choices);
  return result;
}
Option bounded(const char* section, const char* key, Type type, const char* fallback, std::int64_t minimum,
               std::int64_t maximum, const char* help) {
  Option result = option(section, key, type, fallback, help);
  result.minimum = minimum;
  result.maximum = maximum;
  return result;
}
Option secret(Option result) {
  result.secret = true;
  return result;
}

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = 1 << 30;

std::vector<Option> make() {
  constexpr Type integer = Type::integer, duration = Type::duration, size = Type::size;
  return {
      list("http", "listen", "127.0.0.1:8000",
           "Addresses to listen on: host:port, [::1]:port or unix:/path; port 0 takes a free one"),
      text("http", "socket_mode", "0660", "Mode of the files of Unix sockets in http.listen, octal"),
      text("http", "socket_group", "",
           "Group of these files, by name or number; empty = the one that the process gives its files"),
      choice("http", "default_language", "contract", {"contract", "en", "zh-CN"},
             "Language of answers, pages and mails where a request has no Accept-Language; contract = that of each "
             "contract, "
             "and English in the kernel's pages and in mails"),
      bounded("http", "io_threads", integer, "0", 0, 256,
              "Threads that own connections; 0 chooses by the number of cores"),
      bounded("http", "workers", integer, "0", 0, 1024,
              "Threads that run blocking handlers; 0 chooses by the number of cores"),
      bounded("http", "queue", integer, "1024", 1, 1'000'000,
              "Requests that may wait for a worker; more are answered 503"),
      bounded(
          "http", "outbound", integer, "32", 1, 1024,
          "Requests whose handlers may wait for other servers at once, beside the workers; more are answered 503; half "
          "of them for one server. As many more may wait for the S3 store"),
      bounded("http", "max_body", size, "1MiB", kKiB, kGiB, "Largest request body where a contract names no limit"),
      bounded("http", "body_memory", size, "256MiB", kMiB, 1024 * kGiB,
              "Memory that the request bodies of all connections may take beside the first 16 KiB of each; more are "
              "answered "
              "503 (a quarter of it for one client; at least twice http.max_body)"),
      bounded("http", "max_upload", size, "1GiB", kMiB, 1024 * kGiB,
              "Largest upload where a contract names no limit of its own"),
      bounded("http", "drain_seconds", integer, "10", 0, 3600, "Seconds that requests in work get to finish at a stop"),
      list("http", "trusted_proxies", "",
           "Addresses or networks (10.0.0.0/8, unix) of proxies whose X-Forwarded-For, -Proto and -Host are trusted"),
      list("http", "cors_origins", "*",
           "Browser origins that may call the API (https://app.example, no path); * allows any, without cookies; "
           "empty: none"),
      bounded("http", "max_connections", integer, "4096", 1, 1'000'000, "Connections open at once; more are refused"),
      bounded("http", "max_connections_per_address", integer, "256", 0, 1'000'000,
              "Connections open at once from one IPv4 address or IPv6 /64 (twice as many from a /56); 0 = no limit; "
              "loopback, Unix peers and http.trusted_proxies are exempt"),
      bounded("http", "idle_timeout", duration, "60s", kSecond, kHour, "Closes an idle connection without a request"),
      bounded("http", "head_timeout", duration, "10s", kSecond, kHour, "Time for a request's head to arrive whole"),
      bounded("http", "body_timeout", duration, "30s", kSecond, kHour,
              "Closes a connection whose body makes no progress"),
      bounded("http", "write_timeout", duration, "30s", kSecond, kHour, "Closes a connection that takes no data"),
      bounded("http", "stream_buffer", size, "1MiB", 4 * kKiB, kGiB,
              "Unsent bytes kept for one event stream or WebSocket; over it the client is dropped"),
      bounded("http", "request_timeout", duration, "30s", kSecond, kHour,
              "Time for a worker request, waiting included; then 504"),
      choice("http", "metrics_access", "open", {"open", "permission"},
             "Access to /metrics: open, or only callers with the permission kernel.metrics"),
      text("http", "public_url", "",
           "Address that clients use (https://api.example), for links in mails and documents"),

      text("data", "dir", "./data", "Directory for the database, blobs and secrets; created with mode 0700"),

      list("modules", "path", "",
           "Directories with module libraries; empty = modules beside the program, or ../lib/mortise/modules"),
      list("modules", "enabled", "",
           "Modules to load, by name; empty or * = every one found that `mortise module disable` did not switch off"),
      list("modules", "required", "", "Modules without which the server does not start"),

      secret(text("db", "url", "", "sqlite:/path or postgresql://user@host/db; empty = sqlite:<data.dir>/mortise.db")),
      bounded("db", "connections", integer, "8", 1, 512, "Readers (SQLite) or connections (PostgreSQL)"),
      choice("db", "synchronous", "FULL", {"FULL", "NORMAL"},
             "SQLite: FULL keeps every acknowledged write through a power loss, NORMAL is faster"),

      secret(text("cache", "url", "memory:",
                  "memory: or redis://host:6379/0 or redis+unix:/path; shared state of several servers needs Redis")),
      text("blobs", "url", "", "file:/path or s3://BUCKET/PREFIX; empty = file:<data.dir>/blobs"),
      text("blobs", "s3_endpoint", "",
           "The S3 store: host:port, or a URL with https:// or http://; empty = Amazon's of blobs.s3_region"),
      flag("blobs", "s3_secure", "true", "TLS to an endpoint that is given without https:// or http://"),
      text("blobs", "s3_region", "us-east-1", "Region of the S3 store"),
      text("blobs", "s3_access_key", "", "Access key of the S3 store"),
      secret(text("blobs", "s3_secret_key", "", "Its secret key, or @/path/of/a/file with the key in it")),
      choice("blobs", "s3_addressing", "path", {"path", "virtual"},
             "Position of the bucket: https://host/BUCKET/... or https://BUCKET.host/..."),
      text(
          "blobs", "s3_public_url", "",
          "Address of the S3 store for clients (https://files.example), in presigned links; empty = blobs.s3_endpoint"),
      text("blobs", "s3_ca_file", "", "Certificates in PEM that the S3 store is checked with; empty = the system's"),
      bounded("blobs", "s3_timeout", duration, "10s", kSecond, 600 * kSecond,
              "Gives the S3 store up when no byte moved for this long"),
      text("blobs", "scrub", "cron: 0 4 * * 6",
           "When every blob is read and compared with its name: a trigger as jobs have it, in jobs.timezone; off = "
           "never"),
      bounded("blobs", "scrub_rate", size, "64MiB", 0, 1024 * kGiB,
              "Bytes a second that a scrub reads at most; 0 = no limit"),
      secret(text("mail", "url", "",
                  "smtp://host:25, smtps://user:password@host or outbox:/directory; empty = mail is off")),
      text("mail", "from", "Mortise <no-reply@localhost>", "Sender of mails: Name <address@example>"),
      bounded("mail", "queue_length", integer, "10000", 1, 1'000'000,
              "Mails that may wait to be sent, of all servers that share the database"),

      choice("log", "level", "info", {"trace", "debug", "info", "warning", "error", "off"},
             "Least level that is written"),
      choice("log", "format", "logfmt", {"logfmt", "json"}, "Form of a log line on stderr"),
      flag("log", "access", "true", "One line for every finished request, at level info"),

      choice("identity", "jwt_algorithm", "HS256", {"HS256", "RS256", "ES256"}, "Signature of access tokens"),
      text("identity", "jwt_key_file", "", "Private key in PEM for RS256 and ES256"),
      text("identity", "secret_file", "",
           "File with the server's secret; empty = <data.dir>/secret, made at the first start"),
      bounded("identity", "argon2_memory", size, "64MiB", 8 * kMiB, 4 * kGiB, "Memory that one password hash takes"),
      bounded("identity", "argon2_passes", integer, "2", 1, 100, "Passes of one password hash"),
      bounded("identity", "password_concurrency", integer, "0", 0, 256,
              "Concurrent password hashes, on separate threads of low priority; 0 = cores - 1, at least 1"),
      bounded("identity", "password_queue", integer, "64", 1, 100'000,
              "Requests that may wait for a password hash; more are answered 503"),
      bounded("identity", "access_ttl", duration, "1h", kSecond, 30 * kDay, "Life of an access token"),
      bounded("identity", "refresh_ttl", duration, "30d", 60 * kSecond, 3650 * kDay,
              "Life of its refresh token without use"),
      bounded("identity", "platform_access_ttl", duration, "30m", kSecond, 30 * kDay,
              "Life of an access token of the agent platform"),
      bounded("identity", "platform_refresh_ttl", duration, "7d", 60 * kSecond, 3650 * kDay,
              "Life of a refresh token of the agent platform"),
      bounded("identity", "cookie_ttl", duration, "7d", 60 * kSecond, 3650 * kDay,
              "Life of a signed-in cookie session without use"),
      choice("identity", "default_tier", "enterprise", {kTiers.begin(), kTiers.end()},
             "Tier of accounts that were given none"),
      text("identity", "upgrade_url", "",
           "Page named to callers whose tier is too low, at most 300 characters; empty = <http.public_url>/pricing"),
      flag("identity", "csrf_exempt_bearer", "true",
           "Lets callers with a bearer credential and no session cookie do without a CSRF token"),

      list("identity", "grant", "",
           "Roles that hold a permission instead of its module's defaults: scheduler.view=user+viewer"),

      secret(list("secrets", "named", "",
                  "Secrets for modules: MODULE.NAME=VALUE, or MODULE.NAME=@/path/of/a/file with the value in it")),

      text("jobs", "timezone", "Asia/Shanghai",
           "Time zone (IANA) of triggers that are given through the API and name none"),
      bounded("jobs", "workers", integer, "5", 1, 1024, "Runs of jobs at once on this server"),
      bounded("jobs", "lease", duration, "10s", kSecond, kHour,
              "PostgreSQL: time after which another server takes over the jobs of a crashed one"),
      bounded("jobs", "history", duration, "30d", kHour, 3650 * kDay, "Records of runs older than this are removed"),

      choice("limits", "store", "auto", {"auto", "memory", "cache"},
             "Where rate limits are counted; auto = the cache if it is shared, else memory"),
      flag("limits", "enabled", "true", "Whether rate limits hold"),
      list("limits", "override", "",
           "Numbers in place of a contract's: auth.login_ip=50/5m, agent.platform.sse=20, auth.sends_ip=off"),

      bounded("audit", "retention", duration, "0s", 0, 36500 * kDay,
              "How long the audit trail is kept (400d); 0s = for ever"),

      flag("http_client", "allow_private", "false", "Lets modules call private, loopback and link-local addresses"),
  };
}

}  // namespace

const std::vector<Option>& kernelOptions() {
  static const std::vector<Option> kOptions = make();
  return kOptions;
}

}  // namespace mortise::config
