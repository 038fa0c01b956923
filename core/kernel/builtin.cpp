#include "core/kernel/builtin.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/contract/docs_pages.hpp"
#include "core/identity/identity.hpp"
#include "core/kernel/service_status.hpp"
#include "core/kernel/setup_page.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/objects/local_objects.hpp"

namespace mortise::kernel {

namespace {

http::Reply page(std::string html, const char* contentType = "text/html; charset=utf-8") {
  http::Reply reply;
  reply.fields.add("Content-Type", contentType);
  reply.fields.add("Content-Security-Policy", std::string(contract::kDocsPolicy));
  reply.fields.add("X-Content-Type-Options", "nosniff");
  reply.fields.add("Referrer-Policy", "no-referrer");
  reply.body = std::move(html);
  return reply;
}

http::Reply jsonReply(std::string body) {
  http::Reply reply;
  reply.fields.add("Content-Type", "application/json");
  reply.body = std::move(body);
  return reply;
}

std::string infraHealth(ops::Health& health) {
  const auto report = health.run();
  std::string services;
  for (const auto& check : report.checks) {
    char latency[32];
    std::snprintf(latency, sizeof latency, "%.3f", static_cast<double>(check.latencyMicros) / 1000.0);
    services += (services.empty() ? "" : ",") + json::quoted(check.name) + ":{\"status\":\"" +
                (check.healthy ? "healthy" : "unhealthy") + "\",\"latency_ms\":" + latency + "}";
  }
  return std::string("{\"status\":\"") + (report.degraded || !report.ready ? "unhealthy" : "healthy") +
         "\",\"services\":{" + services + "}}";
}

// Public, because load balancers ask; only signed-in callers get details.
void readStatus(RequestCall& call, ops::Health& health) {
  const auto statuses = serviceStatuses(health.run());
  const bool signedIn = call.principalPtr() && call.principalPtr()->signedIn();
  auto list = toJson(statuses, signedIn);
  const bool well = std::all_of(statuses.begin(), statuses.end(), [](const auto& one) { return one.healthy; });
  if (!well) {
    call.fail(Problem(503, "service_unhealthy").detailsJson(std::move(list)));
    return;
  }
  plugin::CallReply reply;
  reply.status = 200;
  reply.json = std::move(list);
  call.reply(std::move(reply));
}

const char* contentTypeOf(std::string_view name) {
  const auto dot = name.rfind('.');
  const auto extension = dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
  if (extension == "js") return "text/javascript; charset=utf-8";
  if (extension == "css") return "text/css; charset=utf-8";
  if (extension == "svg") return "image/svg+xml";
  if (extension == "png") return "image/png";
  if (extension == "html") return "text/html; charset=utf-8";
  if (extension == "json" || extension == "map") return "application/json";
  return "application/octet-stream";
}

// A bundled asset by its file name: without directories, so nothing outside the folder can be named.
void sendAsset(RequestCall& call, const std::string& directory, std::string_view name) {
  struct stat facts {};
  const bool plain = !name.empty() && name.find('/') == std::string_view::npos && name.front() != '.';
  const int fd = plain && !directory.empty()
                     ? ::open((directory + "/" + std::string(name)).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                     : -1;
  if (fd < 0 || ::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    if (fd >= 0) ::close(fd);
    call.fail(Problem(404, "not_found"));
    return;
  }
  http::Reply reply;
  reply.fields.add("Content-Type", contentTypeOf(name));
  reply.fields.add("Cache-Control", "public, max-age=86400");
  reply.fields.add("X-Content-Type-Options", "nosniff");
  http::FileBody file;
  file.file = std::make_shared<FileSource>(UniqueFd(fd), static_cast<std::uint64_t>(facts.st_size));
  file.etag = "\"" + std::to_string(facts.st_size) + "-" + std::to_string(facts.st_mtim.tv_sec) + "\"";
  file.lastModified = facts.st_mtim.tv_sec;
  reply.file = std::move(file);
  call.replyRaw(std::move(reply));
}

void completeSetup(RequestCall& call, identity::Identity& identity, services::Audit& audit) {
  const auto& body = *call.body();
  identity::NewUser administrator;
  administrator.username = json::textMember(body, "username");
  administrator.email = text::lower(text::trim(json::textMember(body, "email")));
  administrator.password = json::textMember(body, "password");
  administrator.role = "super_admin";
  administrator.emailConfirmedAt = administrator.email.empty() ? 0 : nowMicros();
  const auto user = identity.completeSetup(json::textMember(body, "token"), administrator);
  audit.record({{},
                0,
                user.id,
                "setup.completed",
                "user:" + user.id,
                {},
                std::string(call.address()),
                std::string(call.logId())});
  plugin::CallReply reply;
  reply.status = 201;
  reply.json = "{\"id\":" + json::quoted(user.id) + ",\"username\":" + json::quoted(user.username) + "}";
  call.reply(std::move(reply));
}

// A query parameter that the contract declares as text; empty when it was not sent.
std::string queryText(const RequestCall& call, const char* name) {
  const auto* value = call.parameter(MORTISE_IN_QUERY, name, 0);
  return value && value->IsString() ? std::string(json::view(*value)) : std::string();
}

std::int64_t queryInteger(const RequestCall& call, const char* name, std::int64_t fallback) {
  const auto* value = call.parameter(MORTISE_IN_QUERY, name, 0);
  return value && value->IsInt64() ? value->GetInt64() : fallback;
}

std::int64_t queryTime(const RequestCall& call, const char* name, std::int64_t fallback) {
  const auto text = queryText(call, name);
  if (text.empty()) return fallback;
  const auto time = services::auditTime(text);
  if (time) return *time;
  throw Problem(422, "validation_failed").field({"query", name}, "date_time");
}

void readAuditTrail(RequestCall& call, services::Audit& audit) {
  services::AuditFilter filter;
  filter.actor = queryText(call, "actor");
  filter.action = queryText(call, "action");
  filter.target = queryText(call, "target");
  filter.since = queryTime(call, "since", filter.since);
  filter.until = queryTime(call, "until", filter.until);
  filter.skip = queryInteger(call, "skip", filter.skip);
  filter.limit = queryInteger(call, "limit", filter.limit);
  std::int64_t total = 0;
  std::string entries;
  for (const auto& entry : audit.list(filter, total)) entries += (entries.empty() ? "" : ",") + toJson(entry);
  plugin::CallReply reply;
  reply.status = 200;
  reply.json = "{\"entries\":[" + entries + "],\"total\":" + std::to_string(total) +
               ",\"skip\":" + std::to_string(filter.skip) + ",\"limit\":" + std::to_string(filter.limit) + "}";
  call.reply(std::move(reply));
}

// The target of a link of objects/1. The link itself admits the caller. Browsers must never show the object as a page
// of this server.
void fetchObject(RequestCall& call, services::LocalObjects* objects) {
  if (objects == nullptr) throw Problem(404, "not_found");
  const auto pathText = [&](const char* name) {
    const auto* value = call.parameter(MORTISE_IN_PATH, name, 0);
    return value && value->IsString() ? std::string(json::view(*value)) : std::string();
  };
  const auto bucket = pathText("bucket");
  const auto name = pathText("name");
  try {
    using Link = services::LocalObjects::Link;
    switch (objects->examine(bucket, name, queryInteger(call, "expires", 0), queryText(call, "signature"))) {
      case Link::forged:
        throw Problem(403, "link_invalid");
      case Link::expired:
        throw Problem(403, "link_expired");
      case Link::good:
        break;
    }
    const auto object = objects->stat(bucket, name);
    if (!object) throw Problem(404, "not_found");
    call.replyFile(objects->open(bucket, name),
                   {object->contentType, name.substr(name.rfind('/') + 1), object->etag, object->modifiedAt, {}});
  } catch (const services::ServiceError& error) {
    switch (error.kind()) {
      case services::ErrorKind::invalid:
        throw Problem(403, "link_invalid");
      case services::ErrorKind::notFound:
        throw Problem(404, "not_found");
      default:
        throw;
    }
  }
}

}  // namespace

std::map<std::string, Builtin, std::less<>> builtins(const BuiltinParts& parts) {
  std::map<std::string, Builtin, std::less<>> table;
  table["health"] = [](RequestCall& call) {
    call.replyRaw(jsonReply(R"({"status":"healthy","version":")" MORTISE_VERSION R"(","service":"sessionfs-api"})"));
  };
  table["healthV1"] = [](RequestCall& call) { call.replyRaw(jsonReply(R"({"status":"ok"})")); };
  table["infraHealth"] = [&health = parts.health](RequestCall& call) { call.replyRaw(jsonReply(infraHealth(health))); };
  table["readStatus"] = [&health = parts.health](RequestCall& call) { readStatus(call, health); };
  table["metrics"] = [&metrics = parts.metrics, open = parts.metricsOpen](RequestCall& call) {
    if (!open && !call.permitted("kernel.metrics")) {
      const bool signedIn = call.principalPtr() && call.principalPtr()->signedIn();
      call.fail(signedIn ? Problem(403, "forbidden").with("permission", "kernel.metrics")
                         : Problem(401, "not_authenticated"));
      return;
    }
    http::Reply reply;
    reply.fields.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    reply.body = metrics.render();
    call.replyRaw(std::move(reply));
  };
  table["openapi"] = [document = parts.openApi](RequestCall& call) { call.replyRaw(jsonReply(*document)); };
  const auto swagger = [](RequestCall& call) { call.replyRaw(page(contract::swaggerPage("/docs/assets"))); };
  const auto redoc = [](RequestCall& call) { call.replyRaw(page(contract::redocPage("/docs/assets"))); };
  table["docs"] = swagger;
  table["docsBelowApi"] = swagger;
  table["redoc"] = redoc;
  table["redocBelowApi"] = redoc;
  table["docsAsset"] = [assets = parts.assets](RequestCall& call) {
    const auto* name = call.parameter(MORTISE_IN_PATH, "file", 0);
    sendAsset(call, assets, name ? json::view(*name) : std::string_view{});
  };
  table["setupPage"] = [](RequestCall& call) { call.replyRaw(page(setupPage(call.askedLanguage()))); };
  table["setupScript"] = [](RequestCall& call) {
    call.replyRaw(page(std::string(setupScript()), "text/javascript; charset=utf-8"));
  };
  table["completeSetup"] = [&identity = parts.identity, &audit = parts.audit](RequestCall& call) {
    completeSetup(call, identity, audit);
  };
  table["fetchObject"] = [objects = parts.objects](RequestCall& call) { fetchObject(call, objects); };
  table["readAuditTrail"] = [&audit = parts.audit](RequestCall& call) { readAuditTrail(call, audit); };
  return table;
}

}  // namespace mortise::kernel
