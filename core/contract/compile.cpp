// Compiles a contract document into operations. Checks everything the document says, so that a mistake stops the start
// and not a request.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "core/base/text.hpp"
#include "core/contract/operation.hpp"
#include "core/contract/path_template.hpp"
#include "core/contract/schema_compiler.hpp"

namespace mortise::contract {
namespace {

using json::Value;
using Names = std::vector<std::string>;

const Names kDocumentKeys = {"x-mortise-dialect",         "x-mortise-language",      "x-mortise-checks",
                             "x-mortise-both-slashes",    "x-mortise-decoded-slash", "x-mortise-no-store",
                             "x-mortise-implied-methods", "x-mortise-buckets",       "x-mortise-limits",
                             "x-mortise-prefix",          "x-mortise-csrf",          "x-mortise-schemas"};
const Names kConventionKeys = {"x-mortise-dialect",        "x-mortise-language",      "x-mortise-checks",
                               "x-mortise-both-slashes",   "x-mortise-decoded-slash", "x-mortise-no-store",
                               "x-mortise-implied-methods"};
const Names kOperationKeys = {
    "x-mortise-lane",        "x-mortise-permission",     "x-mortise-scopes",     "x-mortise-csrf",
    "x-mortise-soft",        "x-mortise-limits",         "x-mortise-body-limit", "x-mortise-lenient-body",
    "x-mortise-query-token", "x-mortise-websocket",      "x-mortise-timeout",    "x-mortise-envelope",
    "x-mortise-invalid",     "x-mortise-cookie-dialect", "x-mortise-feature",    "x-mortise-websocket-refusal",
    "x-mortise-sign-in",     "x-mortise-lenient-query"};
const Names kMethods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"};

const std::vector<std::pair<std::string, Check>> kChecks = {
    {"syntax", Check::syntax},       {"limit_ip", Check::limitIp},     {"csrf", Check::csrf},
    {"principal", Check::principal}, {"limit_user", Check::limitUser}, {"permission", Check::permission},
    {"shape", Check::shape}};

bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string list(const Names& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return out;
}

std::string shown(const Value& value) {
  auto text = json::toText(value);
  if (text.size() > 80) text = text.substr(0, text.find_last_of(",: ", 77)) + "...";
  return text;
}

std::string didYouMean(std::string_view name, const Names& names, const std::string& fallback) {
  const auto near = text::nearest(name, names);
  return near.empty() ? fallback : "did you mean " + near;
}

class DocumentCompiler {
 public:
  DocumentCompiler(const DocumentSource& source, const BucketOverrides& overrides, const SizeOptions* sizes,
                   const dialect::Families& families)
      : source_(source),
        overrides_(overrides),
        sizes_(sizes),
        families_(families),
        root_(std::make_shared<json::Document>()) {}

  CompiledDocument compile() {
    json::ParseError error;
    if (!json::parse(source_.json, *root_, error, json::Repeated::refuse))
      fail("expected an OpenAPI document, found bad JSON at byte " + std::to_string(error.offset) + " (" +
           error.reason + "); embed the contract again");
    if (!root_->IsObject())
      fail("expected an OpenAPI document (an object), found " + shown(*root_) + "; see docs of contracts");
    const auto version = json::textMember(*root_, "openapi");
    if (version.substr(0, 4) != "3.0.")
      fail("expected openapi 3.0.x, found " + (version.empty() ? std::string("none") : std::string(version)) +
           "; write openapi: 3.0.3");
    extensions(*root_, kDocumentKeys, "the document");
    out_.module = source_.module;
    out_.file = source_.file;
    const Value* dialect = json::member(*root_, "x-mortise-dialect");
    out_.conventions =
        families_.conventions(dialect == nullptr ? families_.fallback().name() : text(*dialect, "x-mortise-dialect"));
    readConventions(*root_, out_.conventions);
    if (const Value* schemas = json::member(*root_, "x-mortise-schemas");
        schemas != nullptr && text(*schemas, "x-mortise-schemas") != "data")
      fail("expected x-mortise-schemas: data, found " + shown(*schemas) +
           "; without the key the schemas of replies mean the whole body");
    buckets();
    documentLimits();
    strayExtensions();
    const Value* paths = json::member(*root_, "paths");
    if (paths == nullptr || !paths->IsObject())
      fail("expected paths, found none; a contract without operations has no use");
    for (const auto& path : paths->GetObject()) pathItem(std::string(json::view(path.name)), path.value);
    out_.prefix = prefix();
    out_.document = root_;
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& sentence) const {
    throw std::runtime_error(source_.file + ":" + std::to_string(line_) + ": " + (where_.empty() ? "" : where_ + ": ") +
                             sentence);
  }

  // --- reading single values

  std::string text(const Value& value, std::string_view key) const {
    if (!value.IsString() || value.GetStringLength() == 0)
      fail("expected " + std::string(key) + " to be text, found " + shown(value) + "; quote it");
    return std::string(json::view(value));
  }
  bool flag(const Value& value, std::string_view key) const {
    if (!value.IsBool())
      fail("expected " + std::string(key) + " to be true or false, found " + shown(value) + "; write one of the two");
    return value.GetBool();
  }
  Names names(const Value& value, std::string_view key) const {
    if (!value.IsArray())
      fail("expected " + std::string(key) + " to be a list of names, found " + shown(value) + "; write [name, ...]");
    Names out;
    for (const auto& name : value.GetArray()) out.push_back(text(name, key));
    return out;
  }
  // 90, "90s", "15m", "24h", "7d"
  std::int64_t seconds(const Value& value, std::string_view key) const {
    std::int64_t number = 0;
    if (value.IsInt64()) {
      number = value.GetInt64();
    } else if (value.IsString()) {
      number = services::limits::secondsFrom(json::view(value));
    }
    if (number < 1)
      fail("expected " + std::string(key) + " to be a time such as 30, \"90s\", \"15m\" or \"24h\", found " +
           shown(value) + "; write seconds or a number with its unit");
    return number;
  }
  std::uint64_t bytes(const Value& value, std::string_view key) const {
    std::uint64_t number = 0;
    if (value.IsUint64()) {
      number = value.GetUint64();
    } else if (value.IsString()) {
      const auto written = json::view(value);
      const auto [end, failure] = std::from_chars(written.data(), written.data() + written.size(), number);
      const auto unit =
          text::trim(std::string_view(end, static_cast<std::size_t>(written.data() + written.size() - end)));
      const std::uint64_t factor = unit.empty() || unit == "B" ? 1
                                   : unit == "KiB"             ? 1024
                                   : unit == "MiB"             ? 1024 * 1024
                                   : unit == "GiB"             ? 1024 * 1024 * 1024
                                                               : 0;
      number = failure == std::errc() && number < (std::uint64_t{1} << 32) ? number * factor : 0;
    }
    if (number == 0)
      fail("expected " + std::string(key) + " to be a size such as 65536, \"64KiB\" or \"2MiB\", found " +
           shown(value) + "; write bytes or a number with KiB, MiB or GiB");
    return number;
  }

  const Value& resolved(const Value& value) const {
    const Value* at = &value;
    for (int i = 0; i < 10; ++i) {
      const auto reference = json::textMember(*at, "$ref");
      if (reference.empty()) return *at;
      if (reference.substr(0, 2) != "#/")
        fail("expected a local $ref, found " + std::string(reference) + "; copy the part under components");
      const Value* next = root_.get();
      for (const auto part : text::split(reference.substr(2), '/')) {
        next = json::member(*next, part);
        if (next == nullptr)
          fail("expected $ref to lead somewhere, found " + std::string(reference) +
               "; add that component or correct the name");
      }
      at = next;
    }
    fail("expected $ref to end, found a chain of more than 10; refer to the part itself");
  }

  // --- extensions

  void extensions(const Value& object, const Names& allowed, const std::string& place) const {
    for (const auto& entry : object.GetObject()) {
      const auto key = json::view(entry.name);
      if (key.substr(0, 10) != "x-mortise-" || contains(allowed, key)) continue;
      fail("expected a known x-mortise key on " + place + ", found " + std::string(key) + "; " +
           didYouMean(key, allowed, "remove it"));
    }
  }

  // A misplaced x-mortise-* would be ignored; refuse it instead.
  void strayExtensions() const {
    if (const Value* components = json::member(*root_, "components")) stray(*components);
    if (const Value* info = json::member(*root_, "info")) stray(*info);
  }
  void stray(const Value& value) const {
    if (value.IsArray()) {
      for (const auto& item : value.GetArray()) stray(item);
    }
    if (!value.IsObject()) return;
    for (const auto& entry : value.GetObject()) {
      const auto key = json::view(entry.name);
      if (key.substr(0, 10) == "x-mortise-")
        fail("expected " + std::string(key) + " on the document or an operation, found it elsewhere; move it there");
      if (key != "example" && key != "examples" && key != "default" && key != "enum") stray(entry.value);
    }
  }

  void readConventions(const Value& object, Conventions& into) const {
    if (const Value* value = json::member(object, "x-mortise-language"))
      into.language = text(*value, "x-mortise-language");
    if (const Value* value = json::member(object, "x-mortise-both-slashes"))
      into.bothSlashes = flag(*value, "x-mortise-both-slashes");
    if (const Value* value = json::member(object, "x-mortise-decoded-slash"))
      into.decodedSlash = flag(*value, "x-mortise-decoded-slash");
    if (const Value* value = json::member(object, "x-mortise-no-store"))
      into.noStore = flag(*value, "x-mortise-no-store");
    if (const Value* value = json::member(object, "x-mortise-implied-methods"))
      into.impliedMethods = flag(*value, "x-mortise-implied-methods");
    const Value* checks = json::member(object, "x-mortise-checks");
    if (checks == nullptr) return;
    into.checks.clear();
    Names known;
    for (const auto& [name, check] : kChecks) known.push_back(name);
    for (const auto& name : names(*checks, "x-mortise-checks")) {
      const auto match =
          std::find_if(kChecks.begin(), kChecks.end(), [&](const auto& entry) { return entry.first == name; });
      if (match == kChecks.end())
        fail("expected checks among " + list(known) + ", found " + name + "; " + didYouMean(name, known, "remove it"));
      if (std::find(into.checks.begin(), into.checks.end(), match->second) != into.checks.end())
        fail("expected each check once, found " + name + " twice; remove one");
      into.checks.push_back(match->second);
    }
    // A check that is missing from the list would be switched off silently.
    for (const auto& [name, check] : kChecks) {
      if (check == Check::csrf || std::find(into.checks.begin(), into.checks.end(), check) != into.checks.end())
        continue;
      fail("expected x-mortise-checks to name every check, found no " + name + "; add it in its place");
    }
  }

  void buckets() {
    const Value* buckets = json::member(*root_, "x-mortise-buckets");
    if (buckets == nullptr) return;
    if (!buckets->IsObject())
      fail("expected x-mortise-buckets to map names to {limit, window, key, algorithm}, found " + shown(*buckets) +
           "; write name: {limit: 30, window: 5m, key: ip}");
    for (const auto& entry : buckets->GetObject()) {
      const std::string name(json::view(entry.name));
      where_ = "bucket " + name;
      if (!entry.value.IsObject())
        fail("expected {limit, window, key, algorithm}, found " + shown(entry.value) +
             "; write {limit: 30, window: 5m, key: ip}");
      auto bucket = std::make_shared<Bucket>();
      const Value* shared = json::member(entry.value, "shared");
      const bool isShared = shared != nullptr && flag(*shared, "shared");
      bucket->name = (isShared ? "shared" : source_.module) + "." + name;
      readBucket(entry.value, *bucket);
      if (isShared && isTakenByHandlers(*bucket))
        fail("expected a shared bucket to have a key the kernel can take, found one that handlers take; remove shared");
      buckets_.emplace(name, bucket);
      out_.buckets.push_back(bucket);
    }
    where_.clear();
  }

  void readBucket(const Value& value, Bucket& bucket) const {
    constexpr std::int64_t kStaleSeconds = 120;
    for (const auto& part : value.GetObject()) bucketPart(json::view(part.name), part.value, bucket);
    const bool concurrent = bucket.algorithm == Bucket::Algorithm::concurrent;
    if (concurrent && json::member(value, "window"))
      fail("expected no window with algorithm concurrent, found " + shown(value) + "; remove it");
    if (!concurrent && json::member(value, "stale"))
      fail("expected stale with algorithm concurrent only, found " + shown(value) + "; remove it");
    if (concurrent && isTakenByHandlers(bucket))
      fail(
          "expected key ip, user or credential with algorithm concurrent, found one that handlers take; the kernel "
          "takes these slots");
    if (concurrent && bucket.windowSeconds == 0) bucket.windowSeconds = kStaleSeconds;
    if (bucket.limit < 1 || bucket.windowSeconds < 1)
      fail("expected limit and window, found " + shown(value) + "; add both");
    if (const auto fault = faultOf(bucket); !fault.empty())
      fail("expected numbers that can be counted, found " + fault);
    const auto numbers = overrides_.byName.find(bucket.name);
    if (numbers != overrides_.byName.end()) apply(numbers->second, bucket);
    bucket.off = bucket.off || overrides_.allOff;
  }

  void bucketPart(std::string_view key, const Value& value, Bucket& bucket) const {
    using K = Bucket::Key;
    using A = Bucket::Algorithm;
    static const std::map<std::string, K, std::less<>> kKeys = {{"ip", K::ip},
                                                                {"user", K::user},
                                                                {"credential", K::credential},
                                                                {"custom", K::custom},
                                                                {"ip_custom", K::ipCustom}};
    static const std::map<std::string, A, std::less<>> kAlgorithms = {{"tokens", A::tokens},
                                                                      {"fixed_window", A::fixedWindow},
                                                                      {"sliding_window", A::slidingWindow},
                                                                      {"cooldown", A::cooldown},
                                                                      {"concurrent", A::concurrent}};
    if (key == "limit") {
      if (!value.IsInt64() || value.GetInt64() < 1)
        fail("expected limit to be a whole number from 1, found " + shown(value) +
             "; write how many requests a window allows");
      bucket.limit = value.GetInt64();
    } else if (key == "window" || key == "stale") {
      bucket.windowSeconds = seconds(value, key);
    } else if (key == "key") {
      const auto match = kKeys.find(text(value, key));
      if (match == kKeys.end())
        fail("expected key ip, user, credential, custom or ip_custom, found " + shown(value) + "; write one of them");
      bucket.key = match->second;
    } else if (key == "algorithm") {
      const auto match = kAlgorithms.find(text(value, key));
      if (match == kAlgorithms.end())
        fail("expected algorithm tokens, fixed_window, sliding_window, cooldown or concurrent, found " + shown(value) +
             "; write one of them");
      bucket.algorithm = match->second;
    } else if (key == "store_down") {
      const auto said = text(value, key);
      if (said != "refuse" && said != "allow")
        fail("expected store_down refuse or allow, found " + said +
             "; allow lets requests pass uncounted while the store is away");
      bucket.refusesUncounted = said == "refuse";
    } else if (key != "description" && key != "shared") {
      static const Names kParts = {"limit", "window", "stale", "key", "algorithm", "store_down", "shared"};
      fail("expected " + list(kParts) + ", found " + std::string(key) + "; " + didYouMean(key, kParts, "remove it"));
    }
  }

  // --- operations

  void pathItem(const std::string& path, const Value& item) {
    where_ = path;
    if (!item.IsObject()) fail("expected methods, found " + shown(item) + "; write get:, post:, ...");
    PathTemplate shape;
    try {
      shape = PathTemplate::parse(path);
    } catch (const std::runtime_error& error) {
      fail(error.what());
    }
    extensions(item, {}, "a path (they belong on the document or an operation)");
    for (const auto& entry : item.GetObject()) {
      const std::string key(json::view(entry.name));
      if (key == "parameters" || key == "summary" || key == "description" || key == "servers" ||
          key.substr(0, 2) == "x-")
        continue;
      if (!contains(kMethods, key))
        fail("expected a method (" + list(kMethods) + "), found " + key + "; " +
             didYouMean(key, kMethods, "remove it"));
      operation(path, shape, key, item, entry.value);
    }
    line_ = 1;
    where_.clear();
  }

  void operation(const std::string& path, const PathTemplate& shape, const std::string& method, const Value& item,
                 const Value& value) {
    auto out = std::make_shared<Operation>();
    out->module = source_.module;
    out->file = source_.file;
    out->path = path;
    out->method = upper(method);
    where_ = out->method + " " + path;
    if (!value.IsObject()) fail("expected an operation, found " + shown(value) + "; write operationId: and responses:");
    out->id = json::textMember(value, "operationId");
    if (out->id.empty())
      fail("expected operationId, found none; give the operation a name, the handler is bound to it");
    for (const auto& [id, line] : source_.lines) {
      if (id == out->id) line_ = line;
    }
    out->line = line_;
    if (!ids_.insert(out->id).second) fail("expected operationId " + out->id + " once, found it twice; rename one");
    Names allowed = kConventionKeys;
    allowed.insert(allowed.end(), kOperationKeys.begin(), kOperationKeys.end());
    extensions(value, allowed, "an operation");

    out->conventions = out_.conventions;
    if (const Value* dialect = json::member(value, "x-mortise-dialect")) {
      // Paths and caching stay as in the document: another envelope does not change them.
      auto other = families_.conventions(text(*dialect, "x-mortise-dialect"));
      other.bothSlashes = out_.conventions.bothSlashes;
      other.decodedSlash = out_.conventions.decodedSlash;
      other.noStore = out_.conventions.noStore;
      out->conventions = std::move(other);
    }
    readConventions(value, out->conventions);
    ownKeys(value, *out);
    security(value, *out);
    cookieConventions(value, *out);
    csrf(value, *out);
    for (const auto& bucket : documentLimits_) {
      const bool own = std::find(out->buckets.begin(), out->buckets.end(), bucket) != out->buckets.end();
      if (!own && !out->security.anonymous) out->buckets.push_back(bucket);
    }
    parameters(item, value, shape, *out);
    body(value, *out);
    responses(value);
    for (const auto& part : value.GetObject()) {
      if (json::view(part.name).substr(0, 10) != "x-mortise-") stray(part.value);
    }
    out_.operations.push_back(std::move(out));
  }

  static std::string upper(std::string text) {
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
  }

  void ownKeys(const Value& value, Operation& out) const {
    if (const Value* lane = json::member(value, "x-mortise-lane")) {
      static const std::map<std::string, Lane, std::less<>> kLanes = {
          {"worker", Lane::worker}, {"loop", Lane::loop}, {"stream", Lane::stream}, {"password", Lane::password}};
      const auto name = text(*lane, "x-mortise-lane");
      const auto match = kLanes.find(name);
      if (match == kLanes.end())
        fail("expected x-mortise-lane worker, loop, stream or password, found " + name + "; " +
             didYouMean(name, {"worker", "loop", "stream", "password"}, "write worker when unsure"));
      out.lane = match->second;
    }
    if (const Value* one = json::member(value, "x-mortise-permission"))
      out.permission = text(*one, "x-mortise-permission");
    if (const Value* one = json::member(value, "x-mortise-scopes")) out.scopes = names(*one, "x-mortise-scopes");
    if (const Value* one = json::member(value, "x-mortise-feature")) out.feature = text(*one, "x-mortise-feature");
    if (const Value* one = json::member(value, "x-mortise-soft")) out.soft = names(*one, "x-mortise-soft");
    if (const Value* one = json::member(value, "x-mortise-invalid")) out.invalidCode = text(*one, "x-mortise-invalid");
    if (const Value* one = json::member(value, "x-mortise-websocket"))
      out.webSocket = flag(*one, "x-mortise-websocket");
    if (const Value* one = json::member(value, "x-mortise-timeout"))
      out.timeoutSeconds = static_cast<int>(std::min<std::int64_t>(seconds(*one, "x-mortise-timeout"), 86400));
    if (const Value* one = json::member(value, "x-mortise-envelope")) out.envelope = flag(*one, "x-mortise-envelope");
    if (const Value* one = json::member(value, "x-mortise-sign-in")) out.signIn = flag(*one, "x-mortise-sign-in");
    if (const Value* one = json::member(value, "x-mortise-query-token"))
      out.security.queryToken = text(*one, "x-mortise-query-token");
    if (const Value* one = json::member(value, "x-mortise-websocket-refusal")) {
      const auto said = text(*one, "x-mortise-websocket-refusal");
      if (said != "close" && said != "http")
        fail("expected x-mortise-websocket-refusal http or close, found " + said + "; write http when unsure");
      if (!out.webSocket)
        fail("expected x-mortise-websocket-refusal with x-mortise-websocket: true, found it without; remove it");
      out.closesRefused = said == "close";
    }
    if (out.webSocket && out.method != "GET")
      fail("expected x-mortise-websocket on GET, found it on " + out.method + "; an upgrade is always GET");
    if (const Value* limits = json::member(value, "x-mortise-limits")) out.buckets = limitsIn(*limits);
  }

  std::vector<std::shared_ptr<const Bucket>> limitsIn(const Value& list) const {
    std::vector<std::shared_ptr<const Bucket>> out;
    for (const auto& name : names(list, "x-mortise-limits")) {
      const auto match = buckets_.find(name);
      if (match == buckets_.end()) {
        Names known;
        for (const auto& [one, bucket] : buckets_) known.push_back(one);
        fail("expected x-mortise-limits to name buckets of this document, found " + name + "; " +
             didYouMean(name, known, "declare it under x-mortise-buckets"));
      }
      if (isTakenByHandlers(*match->second))
        fail("expected x-mortise-limits to name buckets the kernel can take, found " + name +
             " with key custom; take it in the handler");
      out.push_back(match->second);
    }
    return out;
  }

  // Limits of the document apply to each of its operations that needs a caller, beside the operation's own.
  void documentLimits() {
    const Value* limits = json::member(*root_, "x-mortise-limits");
    if (limits == nullptr) return;
    documentLimits_ = limitsIn(*limits);
    for (const auto& bucket : documentLimits_) {
      if (bucket->key == Bucket::Key::ip)
        fail("expected x-mortise-limits on the document to name buckets with key user or credential, found " +
             bucket->name + " with key ip; name it on each operation");
    }
  }

  void cookieConventions(const Value& value, Operation& out) const {
    const Value* dialect = json::member(value, "x-mortise-cookie-dialect");
    if (dialect == nullptr) return;
    if (!out.security.cookie)
      fail("expected a cookie among security with x-mortise-cookie-dialect, found none; add one or remove the key");
    auto theirs = families_.conventions(text(*dialect, "x-mortise-cookie-dialect"));
    out.cookieConventions = out.conventions;
    // Everything below is the same for every caller.
    out.cookieConventions->family = theirs.family;
    out.cookieConventions->dialect = std::move(theirs.dialect);
    out.cookieConventions->language = std::move(theirs.language);
  }

  // Deny by default: an operation without sign-in must say so.
  void csrf(const Value& value, Operation& out) const {
    const bool changes = out.method == "POST" || out.method == "PUT" || out.method == "PATCH" || out.method == "DELETE";
    const Value* own = json::member(value, "x-mortise-csrf");
    const Value* ofDocument = json::member(*root_, "x-mortise-csrf");
    if (own != nullptr) {
      out.csrf = flag(*own, "x-mortise-csrf");
    } else if (ofDocument != nullptr) {
      out.csrf = flag(*ofDocument, "x-mortise-csrf") && changes;
    } else {
      out.csrf = changes && (out.conventions.family->csrfByDefault || out.security.cookie);
    }
    const auto& checks = out.conventions.checks;
    if (out.csrf && std::find(checks.begin(), checks.end(), Check::csrf) == checks.end())
      fail("expected csrf among x-mortise-checks, found none; add it in its place, or write x-mortise-csrf: false");
  }

  void security(const Value& value, Operation& out) const {
    const Value* security = json::member(value, "security");
    if (security == nullptr) security = json::member(*root_, "security");
    Security& into = out.security;
    if (security != nullptr) {
      if (!security->IsArray())
        fail("expected security to be a list, found " + shown(*security) +
             "; write security: [] or security: [{bearer: []}]");
      into.bearer = false;
      into.anonymous = security->Empty();
      for (const auto& alternative : security->GetArray()) requirement(alternative, into);
      if (into.optional && !into.bearer && !into.cookie && !into.apiKey) {  // security: [{}]
        into.anonymous = true;
        into.optional = false;
      }
    }
    if (!out.feature.empty() && (into.anonymous || into.optional)) {
      fail("expected x-mortise-feature " + out.feature +
           " where every caller is signed in, found a way in without credentials; remove one of the two");
    }
    if (into.anonymous) {
      into.bearer = false;
      if (!out.permission.empty())
        fail("expected no x-mortise-permission with security: [], found " + out.permission + "; remove one of the two");
      return;
    }
    if (out.permission.empty() && !into.optional)
      fail(
          "expected x-mortise-permission or security: [], found neither; name a permission, or write authenticated for "
          "any signed-in caller");
  }

  void requirement(const Value& alternative, Security& into) const {
    if (!alternative.IsObject())
      fail("expected security alternatives such as {bearer: []}, found " + shown(alternative) +
           "; write one scheme each");
    if (alternative.MemberCount() == 0) {
      into.optional = true;
      return;
    }
    if (alternative.MemberCount() > 1)
      fail("expected one scheme in each security alternative, found " + shown(alternative) +
           "; list them separately, CSRF is x-mortise-csrf: true");
    const auto schemeName = json::view(alternative.MemberBegin()->name);
    const Value* components = json::member(*root_, "components");
    const Value* schemes = components == nullptr ? nullptr : json::member(*components, "securitySchemes");
    const Value* scheme = schemes == nullptr ? nullptr : json::member(*schemes, schemeName);
    if (scheme == nullptr)
      fail("expected security scheme " + std::string(schemeName) +
           " under components.securitySchemes, found none; add it");
    const auto& definition = resolved(*scheme);
    const auto type = json::textMember(definition, "type"), kind = json::textMember(definition, "scheme"),
               in = json::textMember(definition, "in");
    if (type == "http" && text::equalsIgnoreCase(kind, "bearer")) {
      auto plain = text::lower(schemeName);
      plain.erase(std::remove_if(plain.begin(), plain.end(), [](char c) { return c == '_' || c == '-'; }), plain.end());
      (plain == "apikey" ? into.apiKey : into.bearer) = true;
    } else if (type == "apiKey" && in == "cookie") {
      into.cookie = true;
    } else if (type == "apiKey" && in == "header") {
      into.apiKey = true;
    } else {
      fail("expected scheme " + std::string(schemeName) +
           " to be http bearer, apiKey in cookie or apiKey in header, found " + shown(definition) +
           "; a token in the query is x-mortise-query-token: NAME");
    }
  }

  void parameters(const Value& item, const Value& value, const PathTemplate& shape, Operation& out) const {
    for (const Value* holder : {&item, &value}) {  // an operation's own parameter replaces its path's
      const Value* list = json::member(*holder, "parameters");
      if (list == nullptr) continue;
      if (!list->IsArray()) fail("expected parameters to be a list, found " + shown(*list) + "; write - name: ...");
      for (const auto& one : list->GetArray()) {
        auto parameter = readOne(resolved(one));
        const auto same = std::find_if(out.parameters.begin(), out.parameters.end(), [&](const Parameter& other) {
          return other.name == parameter.name && other.in == parameter.in;
        });
        if (same == out.parameters.end()) {
          out.parameters.push_back(std::move(parameter));
        } else {
          *same = std::move(parameter);
        }
      }
    }
    const Names captured = shape.names();
    for (const auto& parameter : out.parameters) {
      if (parameter.in == In::path && !contains(captured, parameter.name))
        fail("expected {" + parameter.name + "} in the path, found none; " +
             didYouMean(parameter.name, captured, "remove the parameter"));
    }
    if (const Value* one = json::member(value, "x-mortise-lenient-query");
        one != nullptr && flag(*one, "x-mortise-lenient-query")) {
      for (auto& parameter : out.parameters) {
        if (parameter.in != In::query) continue;
        if (parameter.required)
          fail("expected optional query parameters beside x-mortise-lenient-query, found " + parameter.name +
               " required; remove required, since what can't be read counts as absent");
        parameter.lenient = true;
      }
    }
    for (const auto& name : captured) {
      const bool described = std::any_of(out.parameters.begin(), out.parameters.end(), [&](const Parameter& parameter) {
        return parameter.in == In::path && parameter.name == name;
      });
      if (!described)
        fail("expected a path parameter " + name + " under parameters, found none; add - {name: " + name +
             ", in: path, required: true, schema: {type: string}}");
    }
  }

  Parameter readOne(const Value& value) const {
    Parameter out;
    if (!value.IsObject()) fail("expected a parameter, found " + shown(value) + "; write {name, in, schema}");
    out.name = json::textMember(value, "name");
    if (out.name.empty()) fail("expected a parameter name, found " + shown(value) + "; add name");
    const auto in = json::textMember(value, "in");
    if (in != "path" && in != "query" && in != "header" && in != "cookie")
      fail("expected parameter " + out.name + " in path, query, header or cookie, found " +
           (in.empty() ? "nothing" : std::string(in)) + "; write one of them");
    out.in = in == "path" ? In::path : in == "query" ? In::query : in == "header" ? In::header : In::cookie;
    if (const Value* required = json::member(value, "required"))
      out.required = flag(*required, "required of " + out.name);
    if (out.in == In::path && !out.required)
      fail("expected required: true on path parameter " + out.name + ", found none; a path has no optional parts");
    const Value* schema = json::member(value, "schema");
    if (schema == nullptr)
      fail("expected schema on parameter " + out.name + ", found none; write schema: {type: string}");
    const Value& plain = resolved(*schema);
    const auto type = json::textMember(plain, "type");
    if (type == "object")
      fail("expected parameter " + out.name + " to be a scalar or a list, found type object; send objects in the body");
    out.repeated = type == "array";
    if (out.repeated && (out.in == In::path || json::textMember(value, "style", "form") != "form"))
      fail("expected a list parameter in the query with style form, found " + out.name +
           "; repeat the parameter for each value");
    if (const Value* explode = json::member(value, "explode"); out.repeated && explode != nullptr && explode->IsFalse())
      fail("expected explode: true on " + out.name + ", found false; repeat the parameter for each value");
    out.secret = json::textMember(plain, "format") == "password";
    out.schema = schemaOf(*schema, "parameter " + out.name);
    if (const Value* fallback = json::member(plain, "default"); fallback != nullptr && !fallback->IsNull()) {
      if (fallback->IsArray() || fallback->IsObject())
        fail("expected a scalar default on parameter " + out.name + ", found " + shown(*fallback) +
             "; leave it out, an absent list is empty");
      out.fallback = fallback->IsString() ? std::string(json::view(*fallback)) : json::toText(*fallback);
      out.hasFallback = true;
      json::Document scratch;
      Value converted;
      std::vector<FieldError> errors;
      if (!out.schema->convert(out.fallback, converted, scratch.GetAllocator(), {}, errors)) {
        fail("expected the default of parameter " + out.name + " to keep its own schema, found " + shown(*fallback) +
             " (" + errors.front().rule + "); correct one of the two");
      }
    }
    return out;
  }

  std::shared_ptr<const Schema> schemaOf(const Value& schema, const std::string& what) const {
    try {
      return compileSchema(schema, *root_);
    } catch (const std::runtime_error& error) {
      fail("expected a schema of OpenAPI 3.0 in the " + what + ", found " + error.what());
    }
  }

  void body(const Value& value, Operation& out) const {
    const Value* limit = json::member(value, "x-mortise-body-limit");
    const Value* lenient = json::member(value, "x-mortise-lenient-body");
    const Value* request = json::member(value, "requestBody");
    Body& into = out.body;
    if (limit != nullptr) bodyLimit(*limit, into);
    if (lenient != nullptr) into.lenient = flag(*lenient, "x-mortise-lenient-body");
    if (request == nullptr) return;
    const Value& requestBody = resolved(*request);
    if (const Value* required = json::member(requestBody, "required"))
      into.required = flag(*required, "required of requestBody");
    const Value* content = json::member(requestBody, "content");
    if (content == nullptr || !content->IsObject() || content->MemberCount() == 0)
      fail(
          "expected requestBody.content with a media type, found none; write content: {application/json: {schema: "
          "...}}");
    const Value* best = nullptr;
    for (const auto& entry : content->GetObject()) {
      const auto media = text::lower(json::view(entry.name));
      const auto kind = kindOf(media);
      into.mediaTypes.push_back(media);
      if (into.kind == Body::Kind::none ||
          kind == Body::Kind::json) {  // JSON has precedence: other types are read into the same structure
        into.kind = kind;
        best = &entry.value;
      }
    }
    if (const Value* schema = json::member(*best, "schema"); schema != nullptr && into.kind != Body::Kind::raw)
      into.schema = schemaOf(*schema, "body");
  }

  // A size, or {option: NAME} of module.yaml: then the operator sets the limit of a file, and the framing of a form
  // does not count towards it.
  void bodyLimit(const Value& limit, Body& into) const {
    if (!limit.IsObject()) {
      into.limit = bytes(limit, "x-mortise-body-limit");
      return;
    }
    const std::string option(json::textMember(limit, "option"));
    if (option.empty() || limit.MemberCount() != 1)
      fail("expected x-mortise-body-limit to be a size or {option: NAME}, found " + shown(limit) +
           "; write one of them");
    into.limitsFile = true;
    if (sizes_ == nullptr) return;
    const auto match = sizes_->find(option);
    if (match == sizes_->end()) {
      Names known;
      for (const auto& [name, size] : *sizes_) known.push_back(name);
      fail("expected x-mortise-body-limit to name an option of type size, found " + option + "; " +
           didYouMean(option, known, "declare it in module.yaml"));
    }
    into.limit = match->second;
  }

  // Not enforced at run time, but client generators read them: a mistake in one must stop the start as well.
  void responses(const Value& value) const {
    const Value* responses = json::member(value, "responses");
    if (responses == nullptr || !responses->IsObject())
      fail("expected responses, found none; say what the operation answers");
    for (const auto& response : responses->GetObject()) {
      const Value* content = json::member(resolved(response.value), "content");
      if (content == nullptr || !content->IsObject()) continue;
      for (const auto& media : content->GetObject()) {
        if (const Value* schema = json::member(media.value, "schema"))
          schemaOf(*schema, "response " + std::string(json::view(response.name)));
      }
    }
  }

  static Body::Kind kindOf(std::string_view media) {
    const bool plus = media.size() > 5 && media.substr(media.size() - 5) == "+json";
    if (media == "application/json" || plus) return Body::Kind::json;
    if (media == "multipart/form-data") return Body::Kind::multipart;
    if (media == "application/x-www-form-urlencoded") return Body::Kind::form;
    return Body::Kind::raw;
  }

  // Unknown paths below it get the dialect of this document. Documents of several families with a common path prefix
  // must state theirs.
  std::string prefix() const {
    const Value* own = json::member(*root_, "x-mortise-prefix");
    if (own == nullptr) return commonPrefix();
    const auto prefix = text(*own, "x-mortise-prefix");
    if (prefix.front() != '/' || prefix.back() == '/' || prefix.find('{') != std::string::npos)
      fail("expected x-mortise-prefix to be a path without parameters and without a slash at its end, found " + prefix +
           "; write one such as /api/v1/notes");
    return prefix;
  }

  // Common prefix of whole segments, up to the first parameter.
  std::string commonPrefix() const {
    std::optional<std::vector<std::string>> common;
    for (const auto& operation : out_.operations) {
      std::vector<std::string> mine;
      const auto shape = PathTemplate::parse(operation->path);
      for (const auto& segment : shape.segments) {
        if (segment.kind != PathTemplate::Kind::literal) break;
        mine.push_back(segment.text);
      }
      if (!common) {
        common = std::move(mine);
        continue;
      }
      const auto end = std::mismatch(common->begin(), common->end(), mine.begin(), mine.end()).first;
      common->erase(end, common->end());
    }
    std::string out;
    for (const auto& segment : common.value_or(std::vector<std::string>())) {
      if (!segment.empty()) out += "/" + segment;
    }
    return out;
  }

  const DocumentSource& source_;
  const BucketOverrides& overrides_;
  const SizeOptions* sizes_;
  const dialect::Families& families_;
  std::shared_ptr<json::Document> root_;
  CompiledDocument out_;
  std::map<std::string, std::shared_ptr<const Bucket>> buckets_;  // by their name in the document
  std::vector<std::shared_ptr<const Bucket>> documentLimits_;
  std::set<std::string> ids_;
  std::string where_;
  int line_ = 1;
};

}  // namespace

CompiledDocument compile(const DocumentSource& source, const BucketOverrides& overrides, const SizeOptions* sizes,
                         const dialect::Families& families) {
  return DocumentCompiler(source, overrides, sizes, families).compile();
}

}  // namespace mortise::contract
