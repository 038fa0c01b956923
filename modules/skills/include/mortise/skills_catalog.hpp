// The installed skills, for whoever runs agents: skills.catalog/1, offered by the module skills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/skills_catalog.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Times are ISO 8601 in UTC.
struct CatalogSkill {
  std::string id;  // SLUG--HASH; stays over installations of the same slug
  std::string slug;
  std::string name;
  std::string description;
  std::string version;
  std::string sourceType;   // local, github
  std::string sourceRef;    // normalised
  std::string runtimeType;  // native, mcp, a2a
  std::string installedBy;  // user id, or empty
  std::string createdAt;
  std::string updatedAt;
  std::string lastSyncAt;  // names this version: another one with each installation
  bool enabled = true;     // by administrators, for everybody
  std::int64_t bundleFileCount = 0;
  std::int64_t contextReferences = 0;
};

struct CatalogSkillTexts {
  CatalogSkill skill;
  std::string manifest;     // JSON object
  std::string skillMd;      // whole
  std::string body;         // without its front matter
  std::string contextBlob;  // at most 12,288 characters
};

struct CatalogTool {
  std::string skillId;
  std::string name;
  std::string functionName;  // unique among the tools of one call
  std::string description;
  std::string parameters;   // JSON object: the properties of a JSON schema
  std::string required;     // JSON list of names of properties
  std::string entry;        // JSON object; native: command, exec_dir; mcp: tool_name; a2a: agent_id
  std::string riskLevel;    // low, medium, high
  std::string runtimeType;  // of the skill
  bool modelInvocable = true;
};

struct CatalogFile {
  std::string path;
  std::string sha256;
  std::int64_t size = 0;
  bool isText = false;
};

struct CatalogChoice {
  std::string id;
  std::int64_t score = 0;  // different words and CJK characters shared with the message
};

struct CatalogPreference {
  CatalogSkill skill;
  bool enabledByUser = true;
};

// Take it in start(), not in the constructor:
//   skills_ = host_.optional<mortise::SkillsCatalog>();     with skills.catalog/1 under optional in module.yaml
// Each function: [worker] [start]. Failures throw Problem: 404 skill_not_found, 409 skill_replaced (another version was
// installed), 422, 503, 507.
class SkillsCatalog {
 public:
  using Table = mortise_skills_catalog_v1;
  static constexpr const char* kInterface = MORTISE_SKILLS_CATALOG_V1;
  SkillsCatalog(mortise_host*, const Table* table) noexcept : table_(table) {}

  // Skills that are enabled and that the user has not switched off, newest first. Empty user id: all enabled ones.
  std::vector<CatalogSkill> list(std::string_view user_id = {}) const {
    return collect<CatalogSkill>([&](auto* out, mortise_error* error) {
      return table_->list(
          table_->context, detail::str(user_id),
          [](void* context, const mortise_skill* c) { add<CatalogSkill>(context, [&] { return skillFrom(*c); }); }, out,
          error);
    });
  }
  // Empty when there is no such skill.
  std::optional<CatalogSkillTexts> find(std::string_view id) const {
    detail::SinkResult<CatalogSkillTexts> got;
    auto error = detail::noError();
    const auto status = table_->find(
        table_->context, detail::str(id),
        [](void* context, const mortise_skill* skill, const mortise_skill_texts* texts) {
          auto& out = *static_cast<detail::SinkResult<CatalogSkillTexts>*>(context);
          out.keep([&] {
            out.value =
                CatalogSkillTexts{skillFrom(*skill), detail::copied(texts->manifest), detail::copied(texts->skill_md),
                                  detail::copied(texts->body), detail::copied(texts->context_blob)};
          });
        },
        &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // At most `most` (0: 12) of the skills `ids`, best first; equal scores keep their order, a score of 0 may fill up.
  std::vector<CatalogChoice> select(std::string_view message, const std::vector<std::string>& ids,
                                    std::size_t most = 0) const {
    const auto c = strings(ids);
    return collect<CatalogChoice>([&](auto* out, mortise_error* error) {
      return table_->select(
          table_->context, detail::str(message), c.data(), c.size(), most,
          [](void* context, mortise_str id, std::int64_t score) {
            add<CatalogChoice>(context, [&] { return CatalogChoice{detail::copied(id), score}; });
          },
          out, error);
    });
  }
  // Of the skills `ids`, in this order; unknown ids are left out.
  std::vector<CatalogTool> tools(const std::vector<std::string>& ids) const {
    const auto c = strings(ids);
    return collect<CatalogTool>([&](auto* out, mortise_error* error) {
      return table_->tools(
          table_->context, c.data(), c.size(),
          [](void* context, const mortise_skill_tool* tool) {
            add<CatalogTool>(context, [&] { return toolFrom(*tool); });
          },
          out, error);
    });
  }
  // The bundle's files by path; none when the skill was installed without its bundle.
  std::vector<CatalogFile> files(std::string_view id) const {
    return collect<CatalogFile>([&](auto* out, mortise_error* error) {
      return table_->files(
          table_->context, detail::str(id),
          [](void* context, const mortise_skill_file* file) {
            add<CatalogFile>(context, [&] {
              return CatalogFile{detail::copied(file->path), detail::copied(file->sha256), file->size,
                                 file->is_text != 0};
            });
          },
          out, error);
    });
  }
  // At most 256 KiB. `last_sync_at`: the version the caller works with; Problem 409 when it was replaced; empty:
  // whichever. Problem 404: no such skill or file.
  std::string readFile(std::string_view id, std::string_view path, std::string_view last_sync_at = {}) const {
    detail::SinkResult<std::string> got;
    auto error = detail::noError();
    check(table_->read_file(
              table_->context, detail::str(id), detail::str(last_sync_at), detail::str(path),
              [](void* context, mortise_str bytes) {
                auto& out = *static_cast<detail::SinkResult<std::string>*>(context);
                out.keep([&] { out.value = detail::copied(bytes); });
              },
              &got, &error),
          error);
    return std::move(got.finish(kInterface));
  }
  // "off", or "enforce_confirmation": tools of high risk only run once the user agreed.
  std::string policyMode() const {
    char mode[32] = {};
    auto error = detail::noError();
    check(table_->policy_mode(table_->context, mode, &error), error);
    return mode;
  }
  // True when the user said nothing.
  bool preference(std::string_view user_id, std::string_view id) const {
    std::int32_t enabled = 0;
    auto error = detail::noError();
    check(table_->preference(table_->context, detail::str(user_id), detail::str(id), &enabled, &error), error);
    return enabled != 0;
  }
  void setPreference(std::string_view user_id, std::string_view id, bool enabled) const {
    auto error = detail::noError();
    check(table_->set_preference(table_->context, detail::str(user_id), detail::str(id), enabled ? 1 : 0, &error),
          error);
  }
  // Every installed skill, newest first, with what the user said about it.
  std::vector<CatalogPreference> preferences(std::string_view user_id) const {
    return collect<CatalogPreference>([&](auto* out, mortise_error* error) {
      return table_->preferences(
          table_->context, detail::str(user_id),
          [](void* context, const mortise_skill* skill, std::int32_t enabled) {
            add<CatalogPreference>(context, [&] { return CatalogPreference{skillFrom(*skill), enabled != 0}; });
          },
          out, error);
    });
  }
  // The entry of the operator's list that blocks the command; empty: it may run. A seat belt, not a sandbox.
  std::optional<std::string> blockedBy(std::string_view command) const {
    auto error = detail::noError();
    const auto status = table_->check_command(table_->context, detail::str(command), &error);
    if (status == MORTISE_DENIED) return std::string(error.text);
    check(status, error);
    return std::nullopt;
  }
  // Grows when skills change, by any server; -1 when the directory can't be read. Cheap.
  std::int64_t generation() const noexcept { return table_->generation(table_->context); }

 private:
  template <class T>
  using List = detail::SinkResult<std::vector<T>>;

  template <class T, class Make>
  static void add(void* context, Make&& make) noexcept {
    auto& out = *static_cast<List<T>*>(context);
    out.keep([&] { out.value->push_back(make()); });
  }
  template <class T, class Call>
  static std::vector<T> collect(Call&& call) {
    List<T> got;
    got.value.emplace();
    auto error = detail::noError();
    check(call(&got, &error), error);
    return std::move(got.finish(kInterface));
  }
  static std::vector<mortise_str> strings(const std::vector<std::string>& ids) {
    std::vector<mortise_str> out;
    out.reserve(ids.size());
    for (const auto& id : ids) out.push_back(detail::str(id));
    return out;
  }
  static CatalogSkill skillFrom(const mortise_skill& c) {
    return {detail::copied(c.id),
            detail::copied(c.slug),
            detail::copied(c.name),
            detail::copied(c.description),
            detail::copied(c.version),
            detail::copied(c.source_type),
            detail::copied(c.source_ref),
            detail::copied(c.runtime_type),
            detail::copied(c.installed_by),
            detail::copied(c.created_at),
            detail::copied(c.updated_at),
            detail::copied(c.last_sync_at),
            c.enabled != 0,
            c.bundle_file_count,
            c.context_ref_count};
  }
  static CatalogTool toolFrom(const mortise_skill_tool& c) {
    return {detail::copied(c.skill_id),    detail::copied(c.name),       detail::copied(c.function_name),
            detail::copied(c.description), detail::copied(c.parameters), detail::copied(c.required),
            detail::copied(c.entry),       detail::copied(c.risk_level), detail::copied(c.runtime_type),
            c.model_invocable != 0};
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status == MORTISE_CLOSED) throw Problem(409, "skill_replaced").note(error.text);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, MORTISE_SKILLS_CATALOG_V1);
  }

  const Table* table_;
};

}  // namespace mortise::inline sdk1
