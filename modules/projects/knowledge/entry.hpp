// An entry of a project's knowledge base: its fields, their columns and their JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

enum class EntryType : std::uint8_t { decision, pattern, discovery, convention, bug, dependency };
constexpr auto mortiseNames(EntryType) {
  return mortise::names<EntryType>({{EntryType::decision, "decision"},
                                    {EntryType::pattern, "pattern"},
                                    {EntryType::discovery, "discovery"},
                                    {EntryType::convention, "convention"},
                                    {EntryType::bug, "bug"},
                                    {EntryType::dependency, "dependency"}});
}

// What an entry is taken for. Evidence was found in a session; a claim goes into the context document; a note does not.
enum class ClaimClass : std::uint8_t { evidence, claim, note };
constexpr auto mortiseNames(ClaimClass) {
  return mortise::names<ClaimClass>(
      {{ClaimClass::evidence, "evidence"}, {ClaimClass::claim, "claim"}, {ClaimClass::note, "note"}});
}

enum class Freshness : std::uint8_t { current, aging, stale, superseded };
constexpr auto mortiseNames(Freshness) {
  return mortise::names<Freshness>({{Freshness::current, "current"},
                                    {Freshness::aging, "aging"},
                                    {Freshness::stale, "stale"},
                                    {Freshness::superseded, "superseded"}});
}

enum class AuthorClass : std::uint8_t { human, agent };
constexpr auto mortiseNames(AuthorClass) {
  return mortise::names<AuthorClass>({{AuthorClass::human, "human"}, {AuthorClass::agent, "agent"}});
}

struct Entry {
  std::int64_t id = 0;
  std::string projectId;
  std::string sessionId;  // "manual" where none is named
  std::string userId;
  EntryType type = EntryType::discovery;
  std::string content;  // never changes
  double confidence = 1;
  std::optional<std::string> sourceContext;
  std::optional<std::string> personaName;
  AuthorClass authorClass = AuthorClass::human;
  mortise::Time createdAt;
  std::optional<mortise::Time> compiledAt;
  bool dismissed = false;
  ClaimClass claimClass = ClaimClass::note;
  std::optional<std::string> entityRef;
  std::optional<std::string> entityType;
  Freshness freshness = Freshness::current;
  std::optional<std::int64_t> supersededBy;
  std::optional<std::string> supersessionReason;
  std::optional<mortise::Time> promotedAt;
  std::optional<std::string> promotedBy;
  std::int64_t retrievedCount = 0;
  std::int64_t usedInAnswerCount = 0;
  std::int64_t compiledCount = 0;
  std::optional<mortise::Time> lastRelevantAt;
  std::optional<mortise::Time> dismissedAt;
  std::optional<std::string> dismissedBy;
  std::optional<std::string> dismissedReason;
  bool byReader = false;  // its author could read the project, and not change it
  std::optional<std::string> serviceKeyName;
  std::int64_t contentLength = 0;  // in characters

  // Neither dismissed nor replaced by another.
  bool isLive() const { return !dismissed && freshness != Freshness::superseded; }

  static constexpr auto kFields =
      mortise::fields(
          "projects_entries", mortise::field("id", &Entry::id).key().generated(),
          mortise::field("project_id", &Entry::projectId).fixed(),
          mortise::field("session_id", &Entry::sessionId).fixed(), mortise::field("user_id", &Entry::userId).fixed(),
          mortise::field("entry_type", &Entry::type).fixed(), mortise::field("content", &Entry::content).fixed(),
          mortise::field("confidence", &Entry::confidence),
          mortise::field("source_context", &Entry::sourceContext).fixed(),
          mortise::field("persona_name", &Entry::personaName).fixed(),
          mortise::field("author_class", &Entry::authorClass).fixed(),
          mortise::field("created_at", &Entry::createdAt).fixed(), mortise::field("compiled_at", &Entry::compiledAt),
          mortise::field("dismissed", &Entry::dismissed), mortise::field("claim_class", &Entry::claimClass),
          mortise::field("entity_ref", &Entry::entityRef).fixed(),
          mortise::field("entity_type", &Entry::entityType).fixed(),
          mortise::field("freshness_class", &Entry::freshness), mortise::field("superseded_by", &Entry::supersededBy),
          mortise::field("supersession_reason", &Entry::supersessionReason),
          mortise::field("promoted_at", &Entry::promotedAt), mortise::field("promoted_by", &Entry::promotedBy),
          mortise::field("retrieved_count", &Entry::retrievedCount),
          mortise::field("used_in_answer_count", &Entry::usedInAnswerCount),
          mortise::field("compiled_count", &Entry::compiledCount),
          mortise::field("last_relevant_at", &Entry::lastRelevantAt),
          mortise::field("dismissed_at", &Entry::dismissedAt), mortise::field("dismissed_by", &Entry::dismissedBy),
          mortise::field("dismissed_reason", &Entry::dismissedReason),
          mortise::field("by_reader", &Entry::byReader).fixed().hidden(),
          mortise::field("service_key_name", &Entry::serviceKeyName).fixed().hidden(),
          mortise::field("content_length", &Entry::contentLength).fixed().hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
