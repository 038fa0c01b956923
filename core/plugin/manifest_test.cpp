#include "core/plugin/manifest.hpp"

#include <gtest/gtest.h>

namespace mortise::plugin {
namespace {

// A manifest with the given members of "module".
std::string manifest(const std::string& more, const std::string& rest = "") {
  return R"({"mortise_manifest":1,"module":{"name":"notes","version":"1.2.0","sdk":"1.0")" +
         (more.empty() ? "" : "," + more) + "}" + (rest.empty() ? "" : "," + rest) + "}";
}

std::string reason(const std::string& json) {
  try {
    Manifest::parse(json, "notes.so");
    return "accepted";
  } catch (const Refusal& refusal) {
    std::string text = refusal.reason();
    const std::string before = "its manifest ", after = "; build it with mortise_add_module()";
    if (text.starts_with(before)) text = text.substr(before.size());
    if (text.ends_with(after)) text.resize(text.size() - after.size());
    return text;
  }
}

TEST(Manifest, GivesEverythingItSays) {
  const auto read = Manifest::parse(
      manifest(
          R"("summary":"Notes","needs":["log/1","db/1"],"optional":["events/1"],"provides":["notes.store/1"],
        "options":{"limit":{"type":"integer","default":20,"help":"At most","minimum":1,"maximum":100},
                   "keep":{"type":"duration","default":"5m","help":"How long","minimum":"1s"},
                   "strict":{"type":"boolean","default":false,"help":"Be strict"},
                   "tags":{"type":"list","default":["a","b"],"help":"Tags"}},
        "permissions":{"notes.view":{"help":"See","roles":["user","admin"]}},
        "features":{"team_notes":{"tier":"team","help":"Shared notes"}},
        "jobs":{"sweep":{"help":"Sweep","trigger":{"every":"PT5M"}},"rebuild":{"help":"Rebuild"}},
        "dialects":{"plain":{"success":"{{data}}","error":"{\"e\":\"{{code}}\"}"}})",
          R"("contracts":[{"file":"contracts/notes.yaml","lines":{"listNotes":7},"document":{"openapi":"3.0.3","paths":{"/notes":{
                    "parameters":[],"get":{"operationId":"listNotes"},"post":{"operationId":"addNote"}}}}}],
                  "migrations":[{"number":2,"name":"002_b.sql","sql":"B"},{"number":1,"name":"001_a.sql","sql":"A"}],
                  "messages":{"en":{"gone":"gone"},"de":{"gone":"weg"}},"later":{"unknown":true})"),
      "notes.so");
  EXPECT_EQ(read.name, "notes");
  EXPECT_EQ(read.sdkMajor, 1);
  EXPECT_EQ(read.sdkMinor, 0);
  EXPECT_EQ(read.needs, (std::vector<std::string>{"log/1", "db/1"}));
  ASSERT_EQ(read.options.size(), 4u);
  EXPECT_EQ(read.options[0].name(), "notes.limit");
  EXPECT_EQ(read.options[0].fallback, "20");
  EXPECT_EQ(read.options[0].maximum, 100);
  EXPECT_EQ(read.options[1].minimum, 1000);
  EXPECT_EQ(read.options[2].fallback, "false");
  EXPECT_EQ(read.options[3].fallback, "a, b");
  ASSERT_EQ(read.permissions.size(), 1u);
  EXPECT_EQ(read.permissions[0].roles.size(), 2u);
  ASSERT_EQ(read.features.size(), 1u);
  EXPECT_EQ(read.features[0].name, "team_notes");
  EXPECT_EQ(read.features[0].tier, "team");
  ASSERT_EQ(read.jobs.size(), 2u);
  EXPECT_EQ(read.jobs[0].trigger, "every: PT5M");
  EXPECT_EQ(read.jobs[1].trigger, "");
  ASSERT_EQ(read.dialects.size(), 1u);
  EXPECT_EQ(read.dialects[0].contentType, "application/json");
  ASSERT_EQ(read.contracts.size(), 1u);
  EXPECT_EQ(read.contracts[0].module, "notes");
  EXPECT_EQ(read.contracts[0].lines, (std::vector<std::pair<std::string, int>>{{"listNotes", 7}}));
  EXPECT_EQ(read.operationIds, (std::vector<std::string>{"listNotes", "addNote"}));
  ASSERT_EQ(read.migrations.size(), 2u);
  EXPECT_EQ(read.migrations[0].name, "001_a.sql");
  EXPECT_EQ(read.messages.at("de").at("gone"), "weg");
}

TEST(Manifest, DeclaresWhatItNeedsAndWhatEveryHandlerNeeds) {
  const auto read = Manifest::parse(manifest(R"("needs":["db/1"],"optional":["mail/1"])"), "notes.so");
  EXPECT_TRUE(read.declares("db/1"));
  EXPECT_TRUE(read.declares("mail/1"));
  EXPECT_TRUE(read.declares("call/1"));
  EXPECT_TRUE(read.declares("json/1"));
  EXPECT_FALSE(read.declares("log/1"));
}

TEST(Manifest, ReadsCommands) {
  const auto read = Manifest::parse(manifest(
                                        R"("commands":{"show":{"help":"Show one","arguments":{
            "id":{"type":"integer","help":"Which","minimum":1,"required":true,"positional":true},
            "within":{"type":"duration","default":"5m","help":"How long"},"all":{"type":"boolean","help":"All"}}},
            "re-index":{"help":"Again"}})"),
                                    "notes.so");
  ASSERT_EQ(read.commands.size(), 2u);
  EXPECT_EQ(read.commands[0].name, "show");
  ASSERT_EQ(read.commands[0].arguments.size(), 3u);
  EXPECT_EQ(read.commands[0].arguments[0].value.key, "id");
  EXPECT_TRUE(read.commands[0].arguments[0].required);
  EXPECT_TRUE(read.commands[0].arguments[0].positional);
  EXPECT_FALSE(read.commands[0].arguments[0].hasDefault);
  EXPECT_TRUE(read.commands[0].arguments[1].hasDefault);
  EXPECT_FALSE(read.commands[0].arguments[2].hasDefault);
  EXPECT_EQ(read.commands[1].name, "re-index");
  const auto argumentReason = [](const std::string& argument) {
    return reason(manifest(R"("commands":{"a":{"help":"h","arguments":{)" + argument + "}}}"));
  };
  EXPECT_EQ(reason(manifest(R"("commands":{"a b":{"help":"h"}})")),
            "names a command \"a b\", expected lower-case letters, digits and -");
  EXPECT_EQ(reason(manifest(R"("commands":{"a":{}})")), "lacks module.commands.a.help");
  EXPECT_EQ(argumentReason(R"("a_b":{"help":"h"})"),
            "names an argument \"a_b\", expected lower-case letters, digits and -");
  EXPECT_EQ(argumentReason(R"("config":{"help":"h"})"), "names an argument \"config\", which every command has");
  EXPECT_EQ(argumentReason(R"("a":{"type":"list","help":"h"})"),
            "gives module.commands.a.arguments.a the type list, which options alone have");
  EXPECT_EQ(argumentReason(R"("a":{"type":"integer","help":"h","default":"x"})"),
            "has a default in module.commands.a.arguments.a that does not fit: notes.a must be a whole number, not "
            "\"x\"");
}

TEST(Manifest, ReadsTheSdkAsTextOrNumber) {
  EXPECT_EQ(Manifest::parse(R"({"mortise_manifest":1,"module":{"name":"a","version":"1","sdk":1.3}})", "a.so").sdkMinor,
            3);
  EXPECT_EQ(
      Manifest::parse(R"({"mortise_manifest":1,"module":{"name":"a","version":"1","sdk":"1.10"}})", "a.so").sdkMinor,
      10);
  EXPECT_EQ(Manifest::parse(R"({"mortise_manifest":1,"module":{"name":"a","version":"1","sdk":1}})", "a.so").sdkMajor,
            1);
}

TEST(Manifest, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(reason("[]"), "is not a JSON object");
  EXPECT_EQ(reason("{}"), "does not say \"mortise_manifest\": 1");
  EXPECT_EQ(reason(R"({"mortise_manifest":1})"), "has no object \"module\"");
  EXPECT_EQ(reason(R"({"mortise_manifest":1,"module":{"name":"No tes","version":"1","sdk":"1.0"}})"),
            "names the module \"No tes\", expected lower-case letters, digits and _");
  EXPECT_EQ(reason(R"({"mortise_manifest":1,"module":{"name":"kernel","version":"1","sdk":"1.0"}})"),
            "names the module \"kernel\", which is taken");
  // Their sections hold secrets of the server, and the kernel's tables begin like that.
  for (const std::string name :
       {"identity", "db", "mail", "http", "secrets", "mortise", "mortise_org", "mortise_users"})
    EXPECT_EQ(reason(R"({"mortise_manifest":1,"module":{"name":")" + name + R"(","version":"1","sdk":"1.0"}})"),
              "names the module \"" + name + "\", which is taken");
  for (const std::string name : {"identity_notes", "mortises", "mailer"})
    EXPECT_EQ(reason(R"({"mortise_manifest":1,"module":{"name":")" + name + R"(","version":"1","sdk":"1.0"}})"),
              "accepted");
  const auto reasonOf = [](const std::string& permission) {
    return reason(manifest(R"("permissions":{")" + permission + R"(":{"help":"h","roles":["guest"]}})"));
  };
  for (const std::string owner : {"kernel", "auth", "files", "scheduler", "skills", "sync"})
    EXPECT_EQ(reasonOf(owner + ".manage_users"), "declares permission \"" + owner +
                                                     ".manage_users\", but names that begin with " + owner +
                                                     ". are for " + owner + " alone; begin it with notes.");
  // As in 1.0.
  for (const std::string name : {"notes", "notes.view", "notesx.view", "notes_x.view", ".view", "authors.view",
                                 "my.auth.view", "auth", "kernel_x.view"})
    EXPECT_EQ(reasonOf(name), "accepted");
  EXPECT_EQ(reason(R"({"mortise_manifest":1,"module":{"name":"a","version":"1","sdk":"one"}})"),
            "says module.sdk \"one\", expected a number like 1.0");
  EXPECT_EQ(reason(manifest(R"("needs":["db"])")), "lists \"db\" in module.needs, expected a name like db/1");
  EXPECT_EQ(reason(manifest(R"("needs":["db/0"])")), "lists \"db/0\" in module.needs, expected a name like db/1");
  EXPECT_EQ(reason(manifest(R"("needs":"db/1")")), "expects a list in module.needs");
  EXPECT_EQ(reason(manifest(R"("options":{"a":{"type":"date","help":"h"}})")),
            "gives module.options.a the unknown type \"date\"");
  EXPECT_EQ(reason(manifest(R"("options":{"a":{"type":"string"}})")), "lacks module.options.a.help");
  EXPECT_EQ(reason(manifest(R"("options":{"a":{"type":"integer","help":"h","minimum":"x"}})")),
            "expects a number in module.options.a.minimum");
  EXPECT_EQ(reason(manifest(R"("features":{"a":{"tier":"teem","help":"h"}})")),
            "gives module.features.a the unknown tier \"teem\", did you mean team?");
  EXPECT_EQ(reason(manifest(R"("features":{"a":{"tier":"admin","help":"h"}})")),
            "gives module.features.a the unknown tier \"admin\"");
  EXPECT_EQ(reason(manifest(R"("features":{"a":{"help":"h"}})")), "lacks module.features.a.tier");
  EXPECT_EQ(reason(manifest(R"("features":{"A b":{"tier":"pro"}})")),
            "names a feature \"A b\", expected lower-case letters, digits and _");
  EXPECT_EQ(reason(manifest(R"("jobs":{"a":{"trigger":{"cron":"0 3 * * *","every":"PT5M"}}})")),
            "gives module.jobs.a.trigger two kinds, expected one of cron, every, at");
  EXPECT_TRUE(reason(manifest(R"("jobs":{"a":{"trigger":{"cron":"99 3 * * *"}}})"))
                  .starts_with("has a trigger in module.jobs.a that can't be read: "));
  EXPECT_EQ(
      reason(manifest(R"("jobs":{"a":{"trigger":{"cron":"0 3 * * *"},"zone":"Mars/Olympus"}})")),
      "has a trigger in module.jobs.a that can't be read: trigger: there is no time zone \"Mars/Olympus\"; use an "
      "IANA name like Europe/Berlin (Debian: package tzdata)");
  EXPECT_EQ(reason(manifest(R"("jobs":{"a":{"jitter":-1}})")),
            "expects a number from 0 to 86400 in module.jobs.a.jitter");
  EXPECT_EQ(reason(manifest(R"("jobs":{"a":{"max_instances":"2"}})")),
            "expects a number from 1 to 100 in module.jobs.a.max_instances");
  EXPECT_EQ(reason(manifest("", R"("contracts":[{"file":"a.yaml"}])")), "lacks the document of a.yaml");
  EXPECT_EQ(
      reason(manifest(
          "",
          R"("contracts":[{"file":"a.yaml","document":{"paths":{"/a":{"get":{"operationId":"x"}},"/b":{"get":{"operationId":"x"}}}}}])")),
      "has the operationId \"x\" twice (again in a.yaml)");
  EXPECT_EQ(
      reason(manifest(
          "", R"("migrations":[{"number":1,"name":"001_a.sql","sql":""},{"number":1,"name":"001_b.sql","sql":""}])")),
      "has two migrations numbered 1 (001_a.sql and 001_b.sql); number them apart");
  EXPECT_EQ(reason(R"({"mortise_manifest":1,"mortise_manifest":1})").substr(0, 24), "is not JSON: repeated ke");
}

TEST(Manifest, ShowsForeignTextWithoutControlBytes) {
  EXPECT_EQ(reason(R"({"mortise_manifest":1,"module":{"name":"a\u001b[31m","version":"1","sdk":"1.0"}})"),
            "names the module \"a?[31m\", expected lower-case letters, digits and _");
}

}  // namespace
}  // namespace mortise::plugin
