#include "skill_calls.hpp"

#include <string>
#include <vector>

namespace json = mortise::json;

namespace {

std::vector<std::string> idsIn(const mortise::Json& body) {
  std::vector<std::string> out;
  for (const auto& id : body["ids"]) out.push_back(id.text());
  return out;
}

json::Value skillJson(const mortise::CatalogSkill& skill) {
  return json::object({{"id", skill.id},
                       {"slug", skill.slug},
                       {"name", skill.name},
                       {"description", skill.description},
                       {"version", skill.version},
                       {"source_type", skill.sourceType},
                       {"source_ref", skill.sourceRef},
                       {"runtime_type", skill.runtimeType},
                       {"installed_by", skill.installedBy},
                       {"created_at", skill.createdAt},
                       {"updated_at", skill.updatedAt},
                       {"last_sync_at", skill.lastSyncAt},
                       {"enabled", skill.enabled},
                       {"bundle_file_count", skill.bundleFileCount},
                       {"context_ref_count", skill.contextReferences}});
}

json::Value textsJson(const mortise::CatalogSkillTexts& texts) {
  return json::object({{"skill", skillJson(texts.skill)},
                       {"manifest", json::raw(texts.manifest)},
                       {"skill_md", texts.skillMd},
                       {"body", texts.body},
                       {"context_blob", texts.contextBlob}});
}

json::Value toolJson(const mortise::CatalogTool& tool) {
  return json::object({{"skill_id", tool.skillId},
                       {"name", tool.name},
                       {"function_name", tool.functionName},
                       {"description", tool.description},
                       {"parameters", json::raw(tool.parameters)},
                       {"required", json::raw(tool.required)},
                       {"entry", json::raw(tool.entry)},
                       {"risk_level", tool.riskLevel},
                       {"runtime_type", tool.runtimeType},
                       {"model_invocable", tool.modelInvocable}});
}

json::Value answer(const mortise::SkillsCatalog& skills, std::string_view call, const mortise::Json& body) {
  const auto id = body["id"].text();
  const auto user = body["user"].text();
  if (call == "list") return json::list(skills.list(user), skillJson);
  if (call == "find") {
    const auto found = skills.find(id);
    return found ? textsJson(*found) : json::value(nullptr);
  }
  if (call == "select") {
    return json::list(
        skills.select(body["message"].text(), idsIn(body), static_cast<std::size_t>(body["most"].integer())),
        [](const auto& choice) {
          return json::object({{"id", choice.id}, {"score", choice.score}});
        });
  }
  if (call == "tools") return json::list(skills.tools(idsIn(body)), toolJson);
  if (call == "files") {
    return json::list(skills.files(id), [](const auto& file) {
      return json::object(
          {{"path", file.path}, {"sha256", file.sha256}, {"size", file.size}, {"is_text", file.isText}});
    });
  }
  if (call == "read_file") return json::value(skills.readFile(id, body["path"].text(), body["last_sync_at"].text()));
  if (call == "policy_mode") return json::value(skills.policyMode());
  if (call == "preference") return json::value(skills.preference(user, id));
  if (call == "set_preference") {
    skills.setPreference(user, id, body["enabled"].boolean());
    return json::value(nullptr);
  }
  if (call == "preferences") {
    return json::list(skills.preferences(user), [](const auto& one) {
      return json::object(
          {{"id", one.skill.id}, {"enabled_global", one.skill.enabled}, {"enabled_user", one.enabledByUser}});
    });
  }
  if (call == "check_command") return json::value(skills.blockedBy(body["command"].text()));
  if (call == "generation") return json::value(skills.generation());
  throw mortise::Problem(404, "not_found");
}

}  // namespace

mortise::Reply SkillCalls::call(const mortise::Request& request) {
  const auto skills = host_.need<mortise::SkillsCatalog>();
  try {
    return mortise::Reply::ok(
        json::object({{"status", 200}, {"value", answer(skills, request.path("call"), request.body())}}));
  } catch (const mortise::Problem& problem) {
    return mortise::Reply::ok(
        json::object({{"status", problem.status()}, {"code", problem.code()}, {"note", problem.note()}}));
  }
}
