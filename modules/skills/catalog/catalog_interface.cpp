#include "catalog/catalog_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/text.hpp>

#include "catalog/function_names.hpp"

namespace mortise {

using detail::str;

namespace {

template <class Struct>
Struct sized() {
  Struct c{};
  c.struct_size = sizeof c;
  return c;
}

}  // namespace

mortise_skill Crossing<skills::Skill>::to(const skills::Skill& skill) {
  const auto& record = skill.record;
  const auto& manifest = skill.content->manifest;
  auto c = sized<mortise_skill>();
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

mortise_skill_texts Crossing<skills::SkillTexts>::to(const skills::SkillTexts& texts) {
  auto c = sized<mortise_skill_texts>();
  c.manifest = str(texts.manifest);
  c.skill_md = str(texts.content.skillMd);
  c.body = str(texts.content.body);
  c.context_blob = str(texts.content.contextBlob);
  return c;
}

mortise_skill_tool Crossing<skills::OfferedTool>::to(const skills::OfferedTool& offered) {
  const auto& tool = offered.tool;
  const auto& manifest = offered.skill.content->manifest;
  auto c = sized<mortise_skill_tool>();
  c.model_invocable = manifest.isModelInvocable(tool) ? 1 : 0;
  c.skill_id = str(offered.skill.record.id);
  c.name = str(tool.name);
  c.function_name = str(offered.functionName);
  c.description = str(tool.description);
  c.parameters = str(tool.parameters);
  c.required = str(tool.required);
  c.entry = str(tool.entry);
  c.risk_level = str(manifest.riskLevelOf(tool));
  c.runtime_type = str(manifest.runtimeType);
  return c;
}

mortise_skill_file Crossing<skills::BundleEntry>::to(const skills::BundleEntry& file) {
  auto c = sized<mortise_skill_file>();
  c.is_text = file.isText ? 1 : 0;
  c.path = str(file.path);
  c.sha256 = str(file.sha256);
  c.size = static_cast<std::int64_t>(file.size);
  return c;
}

}  // namespace mortise

namespace skills {

using mortise::Problem;
using mortise::Served;
using mortise::Sink;
using Self = CatalogInterface;

namespace {

std::string_view requireUser(std::string_view userId) {
  if (userId.empty()) throw Problem(422, "invalid").note("user_id is empty");
  return userId;
}

}  // namespace

CatalogInterface::CatalogInterface(Catalog& catalog, mortise::Log log)
    : Serving(log, "the catalog can't answer", MORTISE_CLOSED),
      catalog_(catalog),
      table_{sizeof(mortise_skills_catalog_v1),  this,
             Served<&Self::list>::call,          Served<&Self::find>::call,
             Served<&Self::select>::call,        Served<&Self::tools>::call,
             Served<&Self::files>::call,         Served<&Self::readFile>::call,
             Served<&Self::policyMode>::call,    Served<&Self::preference>::call,
             Served<&Self::setPreference>::call, Served<&Self::preferences>::call,
             Served<&Self::checkCommand>::call,  Served<&Self::generation, -1>::call} {}

void CatalogInterface::list(std::string_view userId, const Sink<Skill>& sink) {
  const auto snapshot = catalog_.snapshot();
  for (const auto* skill : catalog_.pool(*snapshot, userId)) sink(*skill);
}

void CatalogInterface::find(std::string_view id, const Sink<Skill, SkillTexts>& sink) {
  const auto snapshot = catalog_.snapshot();
  const auto& skill = snapshot->known(id);
  const auto manifest = manifestJson(skill.content->manifest);
  sink(skill, {*skill.content, manifest});
}

void CatalogInterface::select(std::string_view message, const Ids& ids, std::size_t most,
                              const Sink<std::string, std::int64_t>& sink) {
  const auto snapshot = catalog_.snapshot();
  std::vector<std::size_t> pool;
  pool.reserve(ids.size());
  for (const auto id : ids) {
    if (const auto place = snapshot->place(id)) pool.push_back(*place);
  }
  for (const auto& choice : snapshot->selector().select(message, pool, most == 0 ? kMaxSelected : most))
    sink(snapshot->skills()[choice.skill].record.id, choice.score);
}

void CatalogInterface::tools(const Ids& ids, const Sink<OfferedTool>& sink) {
  const auto snapshot = catalog_.snapshot();
  FunctionNames names;
  for (const auto id : ids) {
    const auto* skill = snapshot->find(id);
    if (skill == nullptr) continue;
    for (const auto& tool : skill->content->manifest.tools)
      sink({*skill, tool, names.unique(functionName(skill->record.slug, tool.name))});
  }
}

void CatalogInterface::files(std::string_view id, const Sink<BundleEntry>& sink) {
  const auto snapshot = catalog_.snapshot();
  for (const auto& file : snapshot->known(id).content->files) sink(file);
}

void CatalogInterface::readFile(std::string_view id, std::string_view lastSyncAt, std::string_view path,
                                const Sink<std::string>& sink) {
  sink(catalog_.readFile(id, lastSyncAt, path));
}

mortise::FixedText<32> CatalogInterface::policyMode() { return {catalog_.policy().mode()}; }

bool CatalogInterface::preference(std::string_view userId, std::string_view id) {
  catalog_.snapshot()->known(id);
  return catalog_.preferences().find(requireUser(userId), id).value_or(true);
}

void CatalogInterface::setPreference(std::string_view userId, std::string_view id, bool enabled) {
  catalog_.setPreference(requireUser(userId), id, enabled);
}

void CatalogInterface::preferences(std::string_view userId, const Sink<Skill, bool>& sink) {
  const auto preferences = catalog_.preferences().of(requireUser(userId));
  const auto snapshot = catalog_.snapshot();
  for (const auto& skill : snapshot->skills()) sink(skill, isOn(preferences, skill.record.id));
}

void CatalogInterface::checkCommand(std::string_view command) {
  // The caller reads the entry in the text of the error.
  if (const auto entry = catalog_.commands().refusedAtRun(command))
    throw Problem(403, "skill_command_blocked").note(std::string(*entry));
}

std::int64_t CatalogInterface::generation() { return catalog_.snapshot()->generation(); }

}  // namespace skills
