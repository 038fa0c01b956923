#include "catalog_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/provided.hpp>
#include <mortise/text.hpp>

#include <algorithm>
#include <cstring>

#include "function_names.hpp"

namespace skills {
namespace {

using mortise::Problem;
using mortise::Text;
using mortise::detail::fill;
using mortise::detail::str;

mortise_skill toC(const Skill& skill) {
  const auto& record = skill.record;
  const auto& manifest = skill.content->manifest;
  mortise_skill c{};
  c.struct_size = sizeof c;
  c.enabled = record.enabled ? 1 : 0;
  c.id = str(record.id);
  c.slug = str(record.slug);
  c.name = str(manifest.name);
  c.description = str(manifest.description);
  c.version = str(manifest.version);
  c.source_type = str(record.sourceType);
  c.source_ref = str(record.sourceRef);
  c.runtime_type = str(manifest.runtimeType);
  c.installed_by = str(record.installedBy);
  c.created_at = str(record.createdAt);
  c.updated_at = str(record.updatedAt);
  c.last_sync_at = str(skill.content->lastSyncAt);
  c.bundle_file_count = static_cast<std::int64_t>(skill.content->files.size());
  c.context_ref_count = static_cast<std::int64_t>(skill.content->contextReferences);
  return c;
}

mortise_skill_tool toC(const Skill& skill, const Tool& tool, const std::string& functionName) {
  const auto& manifest = skill.content->manifest;
  mortise_skill_tool c{};
  c.struct_size = sizeof c;
  c.model_invocable = manifest.isModelInvocable(tool) ? 1 : 0;
  c.skill_id = str(skill.record.id);
  c.name = str(tool.name);
  c.function_name = str(functionName);
  c.description = str(tool.description);
  c.parameters = str(tool.parameters);
  c.required = str(tool.required);
  c.entry = str(tool.entry);
  c.risk_level = str(manifest.riskLevelOf(tool));
  c.runtime_type = str(manifest.runtimeType);
  return c;
}

const Skill& known(const Snapshot& snapshot, mortise_str id) {
  const auto* skill = snapshot.find(Text(id));
  if (skill == nullptr) throw Problem(404, "skill_not_found");
  return *skill;
}

std::string_view userOf(mortise_str userId) {
  if (userId.size == 0) throw Problem(422, "invalid").note("user_id is empty");
  return Text(userId);
}

}  // namespace

CatalogInterface::CatalogInterface(Catalog& catalog, mortise::Log log)
    : catalog_(catalog),
      log_(log),
      table_{sizeof(mortise_skills_catalog_v1),
             this,
             &list,
             &find,
             &select,
             &tools,
             &files,
             &readFile,
             &policyMode,
             &preference,
             &setPreference,
             &preferences,
             &checkCommand,
             &generation} {}

template <class Work>
mortise_status CatalogInterface::guarded(mortise_error* error, Work&& work) noexcept {
  return mortise::provided(
      error, MORTISE_CLOSED,
      [this](const std::string& reason) {
        log_.error("the catalog can't answer", {{"error", reason}});
      },
      [&] {
        work();
        return MORTISE_OK;
      });
}

mortise_status CatalogInterface::list(void* context, mortise_str userId, SkillSink sink, void* sinkContext,
                                      mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto snapshot = self.catalog_.snapshot();
    for (const auto* skill : self.catalog_.pool(*snapshot, Text(userId))) {
      const auto c = toC(*skill);
      sink(sinkContext, &c);
    }
  });
}

mortise_status CatalogInterface::find(void* context, mortise_str id, DetailSink sink, void* sinkContext,
                                      mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto snapshot = self.catalog_.snapshot();
    const auto& skill = known(*snapshot, id);
    const auto manifest = manifestJson(skill.content->manifest);
    mortise_skill_texts texts{};
    texts.struct_size = sizeof texts;
    texts.manifest = str(manifest);
    texts.skill_md = str(skill.content->skillMd);
    texts.body = str(skill.content->body);
    texts.context_blob = str(skill.content->contextBlob);
    const auto c = toC(skill);
    sink(sinkContext, &c, &texts);
  });
}

mortise_status CatalogInterface::select(void* context, mortise_str message, const mortise_str* ids, std::size_t count,
                                        std::size_t most, ChoiceSink sink, void* sinkContext, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto snapshot = self.catalog_.snapshot();
    std::vector<std::size_t> pool;
    pool.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (const auto place = snapshot->place(Text(ids[i]))) pool.push_back(*place);
    }
    for (const auto& choice : snapshot->selector().select(Text(message), pool, most == 0 ? kMostSelected : most))
      sink(sinkContext, str(snapshot->skills()[choice.skill].record.id), choice.score);
  });
}

mortise_status CatalogInterface::tools(void* context, const mortise_str* ids, std::size_t count, ToolSink sink,
                                       void* sinkContext, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto snapshot = self.catalog_.snapshot();
    FunctionNames names;
    for (std::size_t i = 0; i < count; ++i) {
      const auto* skill = snapshot->find(Text(ids[i]));
      if (skill == nullptr) continue;
      for (const auto& tool : skill->content->manifest.tools) {
        const auto name = names.unique(functionName(skill->record.slug, tool.name));
        const auto c = toC(*skill, tool, name);
        sink(sinkContext, &c);
      }
    }
  });
}

mortise_status CatalogInterface::files(void* context, mortise_str id, FileSink sink, void* sinkContext,
                                       mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto snapshot = self.catalog_.snapshot();
    for (const auto& file : known(*snapshot, id).content->files) {
      mortise_skill_file c{};
      c.struct_size = sizeof c;
      c.is_text = file.isText ? 1 : 0;
      c.path = str(file.path);
      c.sha256 = str(file.sha256);
      c.size = static_cast<std::int64_t>(file.size);
      sink(sinkContext, &c);
    }
  });
}

mortise_status CatalogInterface::readFile(void* context, mortise_str id, mortise_str lastSyncAt, mortise_str path,
                                          BytesSink sink, void* sinkContext, mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto bytes = self.catalog_.readFile(Text(id), Text(lastSyncAt), Text(path));
    sink(sinkContext, str(bytes));
  });
}

mortise_status CatalogInterface::policyMode(void* context, char mode[32], mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto found = self.catalog_.policy().mode();
    std::memcpy(mode, found.c_str(), std::min<std::size_t>(found.size() + 1, 32));
    mode[31] = '\0';
  });
}

mortise_status CatalogInterface::preference(void* context, mortise_str userId, mortise_str id, std::int32_t* enabled,
                                            mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    known(*self.catalog_.snapshot(), id);
    *enabled = self.catalog_.preferences().find(userOf(userId), Text(id)).value_or(true) ? 1 : 0;
  });
}

mortise_status CatalogInterface::setPreference(void* context, mortise_str userId, mortise_str id, std::int32_t enabled,
                                               mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] { self.catalog_.setPreference(userOf(userId), Text(id), enabled != 0); });
}

mortise_status CatalogInterface::preferences(void* context, mortise_str userId, PreferenceSink sink, void* sinkContext,
                                             mortise_error* error) {
  auto& self = of(context);
  return self.guarded(error, [&] {
    const auto said = self.catalog_.preferences().of(userOf(userId));
    const auto snapshot = self.catalog_.snapshot();
    for (const auto& skill : snapshot->skills()) {
      const auto found = said.find(skill.record.id);
      const auto c = toC(skill);
      sink(sinkContext, &c, found == said.end() || found->second ? 1 : 0);
    }
  });
}

mortise_status CatalogInterface::checkCommand(void* context, mortise_str command, mortise_error* error) {
  auto& self = of(context);
  bool blocked = false;
  const auto status = self.guarded(error, [&] {
    const auto entry = self.catalog_.commands().refusedAtRun(Text(command));
    if (entry) fill(error, "skill_command_blocked", *entry);
    blocked = entry.has_value();
  });
  return blocked ? MORTISE_DENIED : status;
}

std::int64_t CatalogInterface::generation(void* context) {
  auto& self = of(context);
  std::int64_t out = -1;
  self.guarded(nullptr, [&] { out = self.catalog_.snapshot()->generation(); });
  return out;
}

}  // namespace skills
