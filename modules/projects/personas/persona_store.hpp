// The table of personas: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "personas/persona.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class PersonaStore {
 public:
  static constexpr std::size_t kMaxPersonas = 500;  // of one project, and of one organisation

  explicit PersonaStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  PersonaStore in(const mortise::Transaction& tx) const { return PersonaStore(db_.in(tx)); }

  std::optional<Persona> find(std::string_view id) const;
  // In no order, at most db::Where::kMaxIn of them.
  std::vector<Persona> findAll(const std::vector<std::string>& ids) const;
  // Names are compared without case. Inactive ones too.
  std::optional<Persona> ofProject(std::string_view projectId, std::string_view name) const;
  std::optional<Persona> ofOrg(std::string_view orgId, std::string_view name) const;
  // The active one that the name means in a project: the project's own, else its organisation's. `orgId`: the project's,
  // if whoever asks is one of its members.
  std::optional<Persona> resolve(std::string_view projectId, const std::optional<std::string>& orgId,
                                 std::string_view name) const;

  // The projects in which its name means this persona: its own, or those of its organisation that have no active one of
  // that name.
  std::vector<std::string> projectsOf(const Persona& persona) const;

  // By name.
  std::vector<PersonaSummary> listOfProject(std::string_view projectId, bool withInactive) const;
  std::vector<PersonaSummary> listOfOrg(std::string_view orgId, bool withInactive) const;
  // The active ones that stand for this user, by name; of all organisations.
  std::vector<PersonaSummary> represented(std::string_view userId) const;

  // False: the project or organisation has one of that name, active or not. Problem 409 personas_full.
  bool add(Persona persona) const;
  // Writes role, content, specializations, activity and representation as the next version. False: the stored one is
  // another version than this.
  bool change(Persona& persona) const;

  // Gives it to another project, under that name.
  void move(std::string_view id, std::string_view projectId, const std::string& name, mortise::Time at) const;
  void remove(std::string_view id) const;
  std::int64_t countOfProject(std::string_view projectId) const;

  void removeOfProject(std::string_view projectId) const;
  void removeOfOrg(std::string_view orgId) const;
  // Nothing stands for the user any more.
  void forgetUser(std::string_view userId) const;
  // Nothing of the organisation stands for the user any more.
  void endRepresentation(std::string_view orgId, std::string_view userId) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
