// skills.catalog/1: the catalog as a table of C functions for other modules.
#pragma once

#include <mortise/abi/skills_catalog.h>
#include <mortise/served.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.hpp"

namespace skills {

// What stands behind one C struct each; everything outlives the sink that it is given to.
struct SkillTexts {
  const SkillContent& content;
  const std::string& manifest;  // JSON
};
struct OfferedTool {
  const Skill& skill;
  const Tool& tool;
  const std::string& functionName;
};

}  // namespace skills

template <>
struct mortise::Crossing<skills::Skill> {
  static mortise_skill to(const skills::Skill& skill);
};
template <>
struct mortise::Crossing<skills::SkillTexts> {
  static mortise_skill_texts to(const skills::SkillTexts& texts);
};
template <>
struct mortise::Crossing<skills::OfferedTool> {
  static mortise_skill_tool to(const skills::OfferedTool& offered);
};
template <>
struct mortise::Crossing<skills::BundleEntry> {
  static mortise_skill_file to(const skills::BundleEntry& file);
};

namespace skills {

// Lives as long as the module. Each method is the function of the table that has its name.
class CatalogInterface : public mortise::Serving {
 public:
  using Ids = std::vector<std::string_view>;

  CatalogInterface(Catalog& catalog, mortise::Log log);

  const mortise_skills_catalog_v1* table() const { return &table_; }

  void list(std::string_view userId, const mortise::Sink<Skill>& sink);
  void find(std::string_view id, const mortise::Sink<Skill, SkillTexts>& sink);
  void select(std::string_view message, const Ids& ids, std::size_t most,
              const mortise::Sink<std::string, std::int64_t>& sink);
  void tools(const Ids& ids, const mortise::Sink<OfferedTool>& sink);
  void files(std::string_view id, const mortise::Sink<BundleEntry>& sink);
  void readFile(std::string_view id, std::string_view lastSyncAt, std::string_view path,
                const mortise::Sink<std::string>& sink);
  mortise::FixedText<32> policyMode();
  bool preference(std::string_view userId, std::string_view id);
  void setPreference(std::string_view userId, std::string_view id, bool enabled);
  void preferences(std::string_view userId, const mortise::Sink<Skill, bool>& sink);
  void checkCommand(std::string_view command);
  std::int64_t generation();

 private:
  Catalog& catalog_;
  mortise_skills_catalog_v1 table_;
};

}  // namespace skills
