// A project: its fields, their columns and their JSON; and its repositories.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

enum class CompileSchedule : std::uint8_t { off, nightly, weekly };
constexpr auto mortiseNames(CompileSchedule) {
  return mortise::names<CompileSchedule>(
      {{CompileSchedule::off, "off"}, {CompileSchedule::nightly, "nightly"}, {CompileSchedule::weekly, "weekly"}});
}

// Without its context document, which may be long: ProjectStore::document().
struct Project {
  std::string id;
  std::string name;
  std::string gitRemote;  // normalised; of the primary repository
  std::string ownerId;
  std::optional<std::string> orgId;
  bool autoNarrative = false;
  std::int64_t retentionDays = 180;
  std::int64_t maxContextWords = 2000;
  std::int64_t sectionPageLimit = 30;
  CompileSchedule compileSchedule = CompileSchedule::off;
  std::optional<std::int64_t> compileAfterClaims;
  std::optional<mortise::Time> lastScheduledCompileAt;
  std::optional<std::string> mergedInto;
  mortise::Time createdAt;
  mortise::Time updatedAt;

  static constexpr auto kFields =
      mortise::fields(
          "projects_projects", mortise::field("id", &Project::id).key(), mortise::field("name", &Project::name),
          mortise::field("git_remote", &Project::gitRemote).as("git_remote_normalized"),
          mortise::field("owner_id", &Project::ownerId), mortise::field("org_id", &Project::orgId),
          mortise::field("auto_narrative", &Project::autoNarrative),
          mortise::field("kb_retention_days", &Project::retentionDays),
          mortise::field("kb_max_context_words", &Project::maxContextWords),
          mortise::field("kb_section_page_limit", &Project::sectionPageLimit),
          mortise::field("compile_schedule", &Project::compileSchedule),
          mortise::field("compile_after_claims", &Project::compileAfterClaims),
          mortise::field("last_scheduled_compile_at", &Project::lastScheduledCompileAt),
          mortise::field("merged_into", &Project::mergedInto).hidden(),
          mortise::field("created_at", &Project::createdAt).fixed(), mortise::field("updated_at", &Project::updatedAt))
          .times(mortise::kIsoMicros);
};

struct ProjectDocument {
  std::string text;
  std::int64_t revision = 0;  // changes with each write
};

struct ProjectRepo {
  std::string id;
  std::string projectId;
  std::string gitRemote;  // normalised; belongs to one project
  std::optional<std::string> provider;
  std::optional<std::string> providerRepoId;
  bool isPrimary = false;
  bool verified = false;
  std::optional<std::string> verificationMethod;
  std::optional<std::string> addedBy;  // user
  std::optional<mortise::Time> createdAt;

  static constexpr auto kFields =
      mortise::fields("projects_repos", mortise::field("id", &ProjectRepo::id).key(),
                      mortise::field("project_id", &ProjectRepo::projectId),
                      mortise::field("git_remote", &ProjectRepo::gitRemote).as("git_remote_normalized"),
                      mortise::field("provider", &ProjectRepo::provider),
                      mortise::field("provider_repo_id", &ProjectRepo::providerRepoId),
                      mortise::field("is_primary", &ProjectRepo::isPrimary),
                      mortise::field("verified", &ProjectRepo::verified),
                      mortise::field("verification_method", &ProjectRepo::verificationMethod),
                      mortise::field("added_by", &ProjectRepo::addedBy).as("added_by_user_id"),
                      mortise::field("created_at", &ProjectRepo::createdAt))
          .times(mortise::kIsoMicros);
};

}  // namespace projects
