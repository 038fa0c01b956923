// One time that the context document of a project, or a page, was made of entries: fields, columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

enum class CompileTrigger : std::uint8_t { manual, scheduled };
constexpr auto mortiseNames(CompileTrigger) {
  return mortise::names<CompileTrigger>({{CompileTrigger::manual, "manual"}, {CompileTrigger::scheduled, "scheduled"}});
}

// A compilation as lists have it: its texts are read where there is room for them.
struct CompilationSummary {
  std::int64_t id = 0;
  std::string projectId;
  std::string userId;
  std::int64_t entriesCompiled = 0;
  std::optional<std::string> contextBefore;
  std::optional<std::string> contextAfter;
  mortise::Time compiledAt;
  std::int64_t wordsBefore = 0;
  std::int64_t wordsAfter = 0;
  std::int64_t sectionPages = 0;  // not kept, as the next two
  std::int64_t conceptPages = 0;
  std::optional<std::string> noopReason;
  CompileTrigger trigger = CompileTrigger::manual;

  static constexpr auto kFields =
      mortise::fields("projects_compilations", mortise::field("id", &CompilationSummary::id).key(),
                      mortise::field("project_id", &CompilationSummary::projectId),
                      mortise::field("user_id", &CompilationSummary::userId),
                      mortise::field("entries_compiled", &CompilationSummary::entriesCompiled),
                      mortise::field("context_before", &CompilationSummary::contextBefore).computed(),
                      mortise::field("context_after", &CompilationSummary::contextAfter).computed(),
                      mortise::field("compiled_at", &CompilationSummary::compiledAt),
                      mortise::field("context_words_before", &CompilationSummary::wordsBefore),
                      mortise::field("context_words_after", &CompilationSummary::wordsAfter),
                      mortise::field("section_pages_updated", &CompilationSummary::sectionPages).computed(),
                      mortise::field("concept_pages_updated", &CompilationSummary::conceptPages).computed(),
                      mortise::field("noop_reason", &CompilationSummary::noopReason).computed(),
                      mortise::field("trigger_kind", &CompilationSummary::trigger).as("trigger"))
          .times(mortise::kIsoMicros);
};

struct Compilation {
  std::int64_t id = 0;  // 0: nothing was compiled
  std::string projectId;
  std::string userId;
  std::int64_t entriesCompiled = 0;
  std::optional<std::string> contextBefore;
  std::optional<std::string> contextAfter;
  mortise::Time compiledAt;
  std::int64_t wordsBefore = 0;
  std::int64_t wordsAfter = 0;
  std::int64_t sectionPages = 0;  // that there are afterwards; not kept
  std::int64_t conceptPages = 0;
  std::optional<std::string> noopReason;
  CompileTrigger trigger = CompileTrigger::manual;
  std::optional<std::string> pageSlug;  // the page that was made anew; without: the context document
  std::string manifest = "{}";          // JSON: the slug of each section, and the numbers of its entries

  static constexpr auto kFields =
      mortise::fields("projects_compilations", mortise::field("id", &Compilation::id).key().generated(),
                      mortise::field("project_id", &Compilation::projectId).fixed(),
                      mortise::field("user_id", &Compilation::userId),
                      mortise::field("entries_compiled", &Compilation::entriesCompiled).fixed(),
                      mortise::field("context_before", &Compilation::contextBefore).fixed(),
                      mortise::field("context_after", &Compilation::contextAfter).fixed(),
                      mortise::field("compiled_at", &Compilation::compiledAt).fixed(),
                      mortise::field("context_words_before", &Compilation::wordsBefore).fixed(),
                      mortise::field("context_words_after", &Compilation::wordsAfter).fixed(),
                      mortise::field("section_pages_updated", &Compilation::sectionPages).computed(),
                      mortise::field("concept_pages_updated", &Compilation::conceptPages).computed(),
                      mortise::field("noop_reason", &Compilation::noopReason).computed(),
                      mortise::field("trigger_kind", &Compilation::trigger).as("trigger").fixed(),
                      mortise::field("page_slug", &Compilation::pageSlug).fixed().hidden(),
                      mortise::field("manifest", &Compilation::manifest).fixed().hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
