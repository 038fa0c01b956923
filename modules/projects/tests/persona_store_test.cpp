#include "personas/persona_store.hpp"

#include <gtest/gtest.h>
#include <mortise/problem.hpp>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>
#include <utility>

#include "personas/persona_part.hpp"

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

class PersonaStoreTest : public mortise::testing::DatabaseTest {
 protected:
  PersonaStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static Persona persona(const std::string& name, const std::string& projectId = "proj_1") {
    Persona out;
    out.id = "per_" + projectId + name;
    out.projectId = projectId;
    out.name = name;
    out.role = "Reviews";
    out.createdBy = "ada";
    out.createdAt = out.updatedAt = mortise::timeOf(1'000'000);
    return out;
  }
  static Persona shared(const std::string& name, const std::string& orgId = "org_1") {
    auto out = persona(name);
    out.id = "per_" + orgId + name;
    out.scope = PersonaScope::org;
    out.projectId.reset();
    out.orgId = orgId;
    return out;
  }
  void inactive(const Persona& persona) {
    auto stored = store_.find(persona.id).value();
    stored.isActive = false;
    ASSERT_TRUE(store_.change(stored));
  }
  // As many as it may have.
  void fillProject(const std::string& projectId) {
    database().fill("projects_personas", static_cast<std::int64_t>(PersonaStore::kMaxPersonas),
                    {{"id", "'per_' || n"},
                     {"scope", "'project'"},
                     {"project_id", "'" + projectId + "'"},
                     {"name", "'p' || n"},
                     {"name_key", "'p' || n"},
                     {"role", "''"},
                     {"content", "''"},
                     {"specializations", "'[]'"},
                     {"is_active", "1"},
                     {"version", "1"},
                     {"created_by", "'ada'"},
                     {"created_at", "n"},
                     {"updated_at", "n"}});
  }
  static std::string names(const std::vector<PersonaSummary>& personas) {
    std::string out;
    for (const auto& each : personas) out += each.name + " ";
    return out;
  }
  ProjectMerge merge(PersonaPolicy policy) {
    ProjectMerge out;
    out.from = "proj_1";
    out.into = "proj_2";
    out.personaPolicy = policy;
    out.at = mortise::timeOf(5'000'000);
    PersonaPart part(db());
    db().transaction([&](mortise::Transaction& tx) { part.merged(tx, out); });
    return out;
  }

  PersonaStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(PersonaStoreTest);

TEST_P(PersonaStoreTest, ANameIsTakenInAnyCaseAlsoByAnInactiveOne) {
  EXPECT_TRUE(store_.add(persona("Reviewer")));
  auto other = persona("reviewer");
  other.id = "per_other";
  EXPECT_FALSE(store_.add(other));
  inactive(persona("Reviewer"));
  EXPECT_FALSE(store_.add(other));
  EXPECT_TRUE(store_.add(persona("reviewer", "proj_2")));
  EXPECT_TRUE(store_.add(shared("reviewer")));
  EXPECT_EQ(store_.ofProject("proj_1", "REVIEWER")->name, "Reviewer");
}

TEST_P(PersonaStoreTest, ANameMeansTheProjectsOwnThenTheOrganisations) {
  store_.add(persona("Reviewer"));
  store_.add(shared("reviewer"));
  store_.add(shared("Architect"));
  EXPECT_EQ(store_.resolve("proj_1", "org_1", "REVIEWER")->id, persona("Reviewer").id);
  EXPECT_EQ(store_.resolve("proj_1", "org_1", "architect")->name, "Architect");
  EXPECT_FALSE(store_.resolve("proj_1", std::nullopt, "architect")) << "for members alone";
  EXPECT_FALSE(store_.resolve("proj_1", "org_2", "architect"));
  EXPECT_EQ(store_.resolve("proj_2", "org_1", "reviewer")->id, shared("reviewer").id);
  inactive(persona("Reviewer"));
  EXPECT_EQ(store_.resolve("proj_1", "org_1", "reviewer")->id, shared("reviewer").id);
  inactive(shared("reviewer"));
  EXPECT_FALSE(store_.resolve("proj_1", "org_1", "reviewer"));
}

TEST_P(PersonaStoreTest, ListsByName) {
  for (const char* name : {"b_x", "B-x", "a", "C"}) store_.add(persona(name));
  inactive(persona("a"));
  EXPECT_EQ(names(store_.listOfProject("proj_1", true)), "B-x C a b_x ");
  EXPECT_EQ(names(store_.listOfProject("proj_1", false)), "B-x C b_x ");
}

TEST_P(PersonaStoreTest, AChangeIsTheNextVersionOfWhatItSaw) {
  store_.add(persona("a"));
  auto mine = store_.find(persona("a").id).value();
  auto theirs = mine;
  mine.specializations = {"x", "y\"z"};
  EXPECT_TRUE(store_.change(mine));
  EXPECT_FALSE(store_.change(theirs));
  const auto stored = store_.find(mine.id).value();
  EXPECT_EQ(stored.version, 2);
  EXPECT_EQ(stored.specializations, mine.specializations);
}

TEST_P(PersonaStoreTest, HasRoomForSoMany) {
  fillProject("proj_1");
  try {
    store_.add(persona("more"));
    FAIL() << "one too many";
  } catch (const mortise::Problem& problem) {
    EXPECT_EQ(problem.code(), "personas_full");
  }
  EXPECT_TRUE(store_.add(persona("more", "proj_2")));
}

TEST_P(PersonaStoreTest, StandsForAMemberUntilTheMemberGoes) {
  auto one = shared("one"), two = shared("two", "org_2");
  one.representedUserId = two.representedUserId = "bob";
  store_.add(one);
  store_.add(two);
  EXPECT_EQ(names(store_.represented("bob")), "one two ");
  store_.endRepresentation("org_1", "bob");
  EXPECT_EQ(names(store_.represented("bob")), "two ");
  store_.forgetUser("bob");
  EXPECT_EQ(names(store_.represented("bob")), "");
}

TEST_P(PersonaStoreTest, AMergeRenamesWhatBothHave) {
  store_.add(persona("Same"));
  store_.add(persona("same-2"));
  store_.add(persona("mine"));
  store_.add(persona("same", "proj_2"));
  const auto merged = merge(PersonaPolicy::rename);
  EXPECT_EQ(merged.personaCollisions, std::vector<std::string>{"Same"});
  EXPECT_EQ(merged.personaRenames.at("Same"), "Same-3");
  EXPECT_EQ(merged.stats.at("personas"), 3);
  EXPECT_EQ(names(store_.listOfProject("proj_2", true)), "Same-3 mine same same-2 ");
  EXPECT_EQ(names(store_.listOfProject("proj_1", true)), "");
}

TEST_P(PersonaStoreTest, AMergeSkipsWhatBothHave) {
  store_.add(persona("Same"));
  store_.add(persona("mine"));
  store_.add(persona("same", "proj_2"));
  const auto merged = merge(PersonaPolicy::skip);
  EXPECT_EQ(merged.stats.at("personas"), 1);
  EXPECT_TRUE(merged.personaRenames.empty());
  EXPECT_EQ(names(store_.listOfProject("proj_2", true)), "mine same ");
}

TEST_P(PersonaStoreTest, AMergePutsTextsTogether) {
  auto from = persona("Same"), into = persona("same", "proj_2");
  from.content = "From.";
  from.specializations = {"a", "b"};
  into.content = "Into.";
  into.specializations = {"b", "c"};
  store_.add(from);
  store_.add(into);
  merge(PersonaPolicy::mergeContent);
  const auto stored = store_.ofProject("proj_2", "same").value();
  EXPECT_EQ(stored.content, "Into.\n\nFrom.");
  EXPECT_EQ(stored.specializations, (std::vector<std::string>{"b", "c", "a"}));
  EXPECT_EQ(stored.version, 2);
  EXPECT_FALSE(store_.find(from.id));
}

TEST_P(PersonaStoreTest, AMergeThatWouldBeTooLongIsBlocked) {
  auto from = persona("same"), into = persona("same", "proj_2");
  from.content = std::string(150'000, 'a');
  into.content = std::string(150'000, 'b');
  store_.add(from);
  store_.add(into);
  EXPECT_EQ(merge(PersonaPolicy::mergeContent).blockingReason, "persona_too_long");
}

TEST_P(PersonaStoreTest, AMergeCountsCharacters) {
  auto from = persona("same"), into = persona("same", "proj_2");
  for (int i = 0; i < 99'000; ++i) {
    from.content += "ä";
    into.content += "ö";
  }
  store_.add(from);
  store_.add(into);
  EXPECT_FALSE(merge(PersonaPolicy::mergeContent).blockingReason);
  EXPECT_EQ(store_.ofProject("proj_2", "same")->content, into.content + "\n\n" + from.content);
}

TEST_P(PersonaStoreTest, AMergeOfTooManyIsBlocked) {
  store_.add(persona("mine"));
  fillProject("proj_2");
  EXPECT_EQ(merge(PersonaPolicy::rename).blockingReason, "too_many_personas");
}

TEST_P(PersonaStoreTest, IsFoundAlongIndexesHoweverManyThereAre) {
  database().fill("projects_personas", kManyRows,
                  {{"id", "'per_' || n"},
                   {"scope", "'project'"},
                   {"project_id", "'proj_' || (n % 1000)"},
                   {"name", "'p' || n"},
                   {"name_key", "'p' || n"},
                   {"role", "''"},
                   {"content", "''"},
                   {"specializations", "'[]'"},
                   {"is_active", "n % 2"},
                   {"version", "1"},
                   {"created_by", "'ada'"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_personas", kManyRows,
                  {{"id", "'per_org' || n"},
                   {"scope", "'org'"},
                   {"org_id", "'org_' || (n % 1000)"},
                   {"name", "'p' || n"},
                   {"name_key", "'p' || n"},
                   {"role", "''"},
                   {"content", "''"},
                   {"specializations", "'[]'"},
                   {"is_active", "n % 2"},
                   {"version", "1"},
                   {"represented_user_id", "'user' || (n % 5000)"},
                   {"created_by", "'ada'"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.find("per_7");
    store_.ofProject("proj_7", "p7");
    store_.resolve("proj_7", "org_7", "p8");
    store_.countOfProject("proj_7");
    store_.findAll({"per_7", "per_8", "per_org9"});
  }));
  // Of one project, of one organisation, of one user: there are 500 at most.
  EXPECT_PLANS(plansAreIndexed(database(),
                               [&] {
                                 store_.listOfProject("proj_7", false);
                                 store_.listOfOrg("org_7", true);
                                 store_.represented("user7");
                                 store_.removeOfOrg("org_9");
                               },
                               {.mayFilter = true}));
}

}  // namespace
}  // namespace projects
