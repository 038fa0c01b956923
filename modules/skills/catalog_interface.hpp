// skills.catalog/1: the catalog as a table of C functions for other modules.
#pragma once

#include <mortise/abi/skills_catalog.h>
#include <mortise/log.hpp>

#include "catalog.hpp"

namespace skills {

// Lives as long as the module. Nothing thrown leaves it.
class CatalogInterface {
 public:
  CatalogInterface(Catalog& catalog, mortise::Log log);
  CatalogInterface(const CatalogInterface&) = delete;
  CatalogInterface& operator=(const CatalogInterface&) = delete;

  const mortise_skills_catalog_v1* table() const { return &table_; }

 private:
  static CatalogInterface& of(void* context) { return *static_cast<CatalogInterface*>(context); }
  template <class Work>
  mortise_status guarded(mortise_error* error, Work&& work) noexcept;

  using SkillSink = void (*)(void*, const mortise_skill*);
  using DetailSink = void (*)(void*, const mortise_skill*, const mortise_skill_texts*);
  using ChoiceSink = void (*)(void*, mortise_str, std::int64_t);
  using ToolSink = void (*)(void*, const mortise_skill_tool*);
  using FileSink = void (*)(void*, const mortise_skill_file*);
  using BytesSink = void (*)(void*, mortise_str);
  using PreferenceSink = void (*)(void*, const mortise_skill*, std::int32_t);

  static mortise_status list(void* context, mortise_str userId, SkillSink sink, void* sinkContext,
                             mortise_error* error);
  static mortise_status find(void* context, mortise_str id, DetailSink sink, void* sinkContext, mortise_error* error);
  static mortise_status select(void* context, mortise_str message, const mortise_str* ids, std::size_t count,
                               std::size_t most, ChoiceSink sink, void* sinkContext, mortise_error* error);
  static mortise_status tools(void* context, const mortise_str* ids, std::size_t count, ToolSink sink,
                              void* sinkContext, mortise_error* error);
  static mortise_status files(void* context, mortise_str id, FileSink sink, void* sinkContext, mortise_error* error);
  static mortise_status readFile(void* context, mortise_str id, mortise_str lastSyncAt, mortise_str path,
                                 BytesSink sink, void* sinkContext, mortise_error* error);
  static mortise_status policyMode(void* context, char mode[32], mortise_error* error);
  static mortise_status preference(void* context, mortise_str userId, mortise_str id, std::int32_t* enabled,
                                   mortise_error* error);
  static mortise_status setPreference(void* context, mortise_str userId, mortise_str id, std::int32_t enabled,
                                      mortise_error* error);
  static mortise_status preferences(void* context, mortise_str userId, PreferenceSink sink, void* sinkContext,
                                    mortise_error* error);
  static mortise_status checkCommand(void* context, mortise_str command, mortise_error* error);
  static std::int64_t generation(void* context);

  Catalog& catalog_;
  mortise::Log log_;
  mortise_skills_catalog_v1 table_;
};

}  // namespace skills
