#include "sdk/embed/embed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "sdk/embed/module_yaml.hpp"
#include "sdk/embed/refusal.hpp"
#include "sdk/embed/rules.hpp"

namespace mortise::embed {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHead = "name: notes\nversion: 1.0.0\nsummary: Notes\nsdk: 1.0\n";

class Folder : public ::testing::Test {
 protected:
  Folder() {
    char pattern[] = "/tmp/embed_testXXXXXX";
    root_ = mkdtemp(pattern);
    directory_ = root_ / "notes";
    fs::create_directories(directory_);
    write("module.yaml", kHead);
  }
  ~Folder() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((directory_ / name).parent_path());
    std::ofstream(directory_ / name, std::ios::binary) << text;
  }
  // Findings with the folder's own path left out.
  std::string findings() {
    try {
      manifestOf(directory_);
    } catch (const Refusal& refusal) {
      std::string text = refusal.what();
      const std::string prefix = directory_.string() + "/";
      for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
      return text;
    }
    return "accepted";
  }
  fs::path root_, directory_;
};

std::string moduleFindings(const std::string& yaml) {
  try {
    readModuleYaml(yaml, "module.yaml");
  } catch (const Refusal& refusal) {
    return refusal.what();
  }
  return "accepted";
}
std::string more(const std::string& yaml) { return moduleFindings(kHead + yaml); }

TEST_F(Folder, BecomesOneManifest) {
  write("module.yaml", std::string(kHead) +
                           "needs: [log/1, db/1, jobs/1]\noptional: [events/1]\n"
                           "options:\n"
                           "  limit: { type: integer, default: 20, minimum: 1, maximum: 100, help: Notes on a page }\n"
                           "  keep: { type: duration, default: 30d, minimum: 1h, help: How long }\n"
                           "  mode: { type: string, default: open, choices: [open, closed], help: Who may write }\n"
                           "  token: { type: string, secret: true, help: Key of the peer }\n"
                           "  tags: { type: list, default: [a, b], help: Offered tags }\n"
                           "permissions:\n  notes.view: { help: See notes, roles: [user, admin] }\n"
                           "features:\n  team_notes: { tier: team, help: Shared notes }\n"
                           "jobs:\n  clean: { help: Drop old notes, trigger: { every: PT5M }, name: Clean, jitter: 1m, "
                           "misfire_grace: none }\n"
                           "provides: [notes.store/1]\n"
                           "dialects:\n  plain: { success: '{\"ok\":{{data}}}', error: '{\"no\":\"{{code}}\"}' }\n");
  write("contracts/notes.yaml",
        "openapi: 3.0.3\npaths:\n  /notes:\n    get:\n      operationId: listNotes\n      x-mortise-permission: "
        "notes.view\n");
  write("migrations/002_more.sql", "CREATE TABLE notes_more (id TEXT);\n");
  write("migrations/001_notes.sql", "CREATE TABLE notes_notes (id TEXT);\n");
  write("messages/en.yaml", "gone: \"the note is gone\"\n");
  write("messages/zh-CN.yaml", "gone: 笔记不存在\n");
  EXPECT_EQ(
      manifestOf(directory_),
      R"({"mortise_manifest":1,"module":{"name":"notes","version":"1.0.0","summary":"Notes","sdk":"1.0",)"
      R"("needs":["log/1","db/1","jobs/1"],"optional":["events/1"],"options":{)"
      R"("limit":{"type":"integer","help":"Notes on a page","minimum":1,"maximum":100,"default":"20"},)"
      R"("keep":{"type":"duration","help":"How long","minimum":3600000,"default":"30d"},)"
      R"("mode":{"type":"string","help":"Who may write","choices":["open","closed"],"default":"open"},)"
      R"("token":{"type":"string","help":"Key of the peer","secret":true},)"
      R"("tags":{"type":"list","help":"Offered tags","default":["a","b"]}},)"
      R"("permissions":{"notes.view":{"help":"See notes","roles":["user","admin"]}},)"
      R"("features":{"team_notes":{"tier":"team","help":"Shared notes"}},)"
      R"("jobs":{"clean":{"help":"Drop old notes","trigger":{"every":"PT5M"},"name":"Clean","jitter":60,"misfire_grace":-1}},"provides":["notes.store/1"],)"
      R"("dialects":{"plain":{"success":"{\"ok\":{{data}}}","error":"{\"no\":\"{{code}}\"}","content_type":"application/json"}}},)"
      R"("contracts":[{"file":"contracts/notes.yaml","lines":{"listNotes":4},"document":{"openapi":"3.0.3",)"
      R"("paths":{"/notes":{"get":{"operationId":"listNotes","x-mortise-permission":"notes.view"}}}}}],)"
      R"("migrations":[{"number":1,"name":"001_notes.sql","sql":"CREATE TABLE notes_notes (id TEXT);\n"},)"
      R"({"number":2,"name":"002_more.sql","sql":"CREATE TABLE notes_more (id TEXT);\n"}],)"
      R"("messages":{"en":{"gone":"the note is gone"},"zh-CN":{"gone":"笔记不存在"}}})");
}

TEST(ModuleYaml, SaysWhatTheHeadLacks) {
  EXPECT_EQ(moduleFindings("{}"),
            "module.yaml:1: name is missing\nmodule.yaml:1: version is missing\nmodule.yaml:1: summary is "
            "missing\nmodule.yaml:1: sdk is missing");
  EXPECT_EQ(moduleFindings("[a]"),
            "module.yaml:1: expected keys and values; begin with name, version, summary and sdk");
  EXPECT_EQ(moduleFindings("name: Notes\nversion: 1.0\nsummary: x\nsdk: 1\n"),
            "module.yaml:1: name \"Notes\" must be 2 to 31 lower-case letters, digits and _, begin with a letter, and "
            "not be kernel\n"
            "module.yaml:2: version \"1.0\" must have three numbers, like 1.0.0\n"
            "module.yaml:4: sdk \"1\" must be the least SDK the module needs, like 1.1");
  EXPECT_EQ(moduleFindings("name: notes\nversion: 1.0.0\nsummary: x\nsdk: 1.7\n"),
            "module.yaml:4: sdk 1.7 is wanted, this is SDK 1.1; write 1.1 or use a newer SDK");
}

TEST(ModuleYaml, RefusesUnknownKeysWithTheNearestName) {
  EXPECT_EQ(more("permisions: {}\n"), "module.yaml:5: unknown key permisions; did you mean permissions?");
  EXPECT_EQ(more("zzz: 1\n"),
            "module.yaml:5: unknown key zzz; known: name, version, summary, sdk, needs, optional, options, "
            "permissions, features, jobs, commands, provides, dialects");
  EXPECT_EQ(more("options:\n  a: { type: integer, default: 1, help: x, min: 1 }\n"),
            "module.yaml:6: unknown key options.a.min; did you mean minimum?");
}

TEST(ModuleYaml, ChecksInterfaceNames) {
  EXPECT_EQ(more("needs: [db]\n"),
            "module.yaml:5: needs lists \"db\", expected a name with a revision, like db/1; did you mean db/1?");
  EXPECT_EQ(more("needs: [job/1]\n"),
            "module.yaml:5: needs lists job/1, which no kernel of this SDK serves; did you mean jobs/1?");
  EXPECT_EQ(more("needs: [db/1, db/1]\n"), "module.yaml:5: needs lists db/1 twice");
  EXPECT_EQ(more("needs: [db/1]\noptional: [db/1]\n"), "module.yaml:6: db/1 is under needs too; keep one of the two");
  EXPECT_EQ(more("needs: [files.store/1]\n"), "accepted");
  EXPECT_EQ(more("provides: [files.store/1]\n"),
            "module.yaml:5: provides lists \"files.store/1\", expected notes.something/1");
}

TEST(ModuleYaml, ChecksOptions) {
  EXPECT_EQ(more("options:\n  a: { type: int, help: x, default: 1 }\n"),
            "module.yaml:6: options.a.type \"int\" is unknown; did you mean integer?");
  EXPECT_EQ(more("options:\n  a: { type: integer, help: x }\n"), "module.yaml:6: options.a.default is missing");
  EXPECT_EQ(more("options:\n  a: { type: integer, help: x, default: many }\n"),
            "module.yaml:6: options.a.default \"many\" is not of type integer");
  EXPECT_EQ(more("options:\n  a: { type: boolean, help: x, default: on }\n"),
            "module.yaml:6: options.a.default \"on\" is not of type boolean");
  EXPECT_EQ(more("options:\n  a: { type: integer, help: x, default: 5, maximum: 4 }\n"),
            "module.yaml:6: options.a.default 5 is outside minimum and maximum");
  EXPECT_EQ(more("options:\n  a: { type: size, help: x, default: 1MiB, minimum: 2MiB, maximum: 1KiB }\n"),
            "module.yaml:6: options.a.minimum is above maximum\nmodule.yaml:6: options.a.default 1MiB is outside "
            "minimum and maximum");
  EXPECT_EQ(more("options:\n  a: { type: string, help: x, default: b, choices: [c] }\n"),
            "module.yaml:6: options.a.default \"b\" is not among its choices");
  EXPECT_EQ(more("options:\n  a: { type: string, help: x, default: b, secret: true }\n"),
            "module.yaml:6: options.a.default: a secret has none; the operator sets it");
  EXPECT_EQ(more("options:\n  a: { type: string, default: b }\n"), "module.yaml:6: options.a.help is missing");
  EXPECT_EQ(more("options:\n  Big: { type: string, help: x }\n"),
            "module.yaml:6: option \"Big\" must be lower-case letters, digits and _");
  EXPECT_EQ(more("options:\n  a: 5\n"), "module.yaml:6: options.a must be keys and values, like { help: ... }");
}

// Of a module that says SDK 1.1.
std::string commandFindings(const std::string& command) {
  return moduleFindings("name: notes\nversion: 1.0.0\nsummary: x\nsdk: \"1.1\"\ncommands:\n" + command);
}

TEST(ModuleYaml, ChecksCommands) {
  EXPECT_EQ(commandFindings("  show:\n    help: Show one\n    arguments:\n"
                            "      id: { type: integer, minimum: 1, help: Which, required: true, positional: true }\n"
                            "      form: { type: string, choices: [a, b], default: a, help: How, positional: true }\n"
                            "      dry-run: { type: boolean, help: Change nothing }\n"
                            "      within: { type: duration, help: How long }\n"),
            "accepted");
  EXPECT_EQ(commandFindings("  Show: { help: x }\n"),
            "module.yaml:6: command \"Show\" must be lower-case letters, digits and -, at most 40");
  EXPECT_EQ(commandFindings("  show: {}\n"), "module.yaml:6: commands.show.help is missing");
  EXPECT_EQ(commandFindings("  show: { help: x, argument: {} }\n"),
            "module.yaml:6: unknown key commands.show.argument; did you mean arguments?");
  const auto argument = [](const std::string& text) {
    return commandFindings("  show:\n    help: x\n    arguments:\n" + text);
  };
  EXPECT_EQ(argument("      help: { type: string, help: x }\n"),
            "module.yaml:9: argument \"help\" must be lower-case letters, digits and -, at most 40, and not help or "
            "config");
  EXPECT_EQ(argument("      a: 1\n"),
            "module.yaml:9: commands.show.arguments.a must be keys and values, like { type: string, help: ... }");
  EXPECT_EQ(argument("      a: { type: string, help: x, secret: true }\n"),
            "module.yaml:9: unknown key commands.show.arguments.a.secret; known: type, default, help, choices, "
            "minimum, maximum, required, positional");
  EXPECT_EQ(argument("      a: { type: list, help: x }\n"),
            "module.yaml:9: commands.show.arguments.a.type list fits options only");
  EXPECT_EQ(argument("      a: { type: boolean, help: x, required: true }\n"),
            "module.yaml:9: commands.show.arguments.a is a switch: it can't be required or positional, and has no "
            "default");
  EXPECT_EQ(argument("      a: { type: string, default: b, help: x, required: true }\n"),
            "module.yaml:9: commands.show.arguments.a.default: it is required, so it needs none");
  EXPECT_EQ(argument("      a: { type: string, help: x, positional: true }\n"
                     "      b: { type: string, help: x, positional: true, required: true }\n"),
            "module.yaml:10: commands.show.arguments.b is required and stands behind a word that may be left out");
  EXPECT_EQ(argument("      a: { type: integer, default: many, help: x }\n"),
            "module.yaml:9: commands.show.arguments.a.default \"many\" is not of type integer");
  EXPECT_EQ(argument("      a: { type: string, help: x, required: perhaps }\n"),
            "module.yaml:9: commands.show.arguments.a.required must be true or false");
  EXPECT_EQ(more("commands:\n  show: { help: x }\n"),
            "module.yaml:6: commands are declared, which servers of SDK 1.0 do not know; write sdk: \"1.1\"");
}

TEST_F(Folder, CommandsAreInTheManifest) {
  write("module.yaml",
        "name: notes\nversion: 1.0.0\nsummary: Notes\nsdk: \"1.1\"\ncommands:\n  show:\n    help: Show one\n    "
        "arguments:\n      id: { type: integer, minimum: 1, help: Which, required: true, positional: true }\n      "
        "all: { type: boolean, help: All of them }\n");
  EXPECT_NE(manifestOf(directory_)
                .find(R"("commands":{"show":{"help":"Show one","arguments":{)"
                      R"("id":{"type":"integer","help":"Which","minimum":1,"required":true,"positional":true},)"
                      R"("all":{"type":"boolean","help":"All of them"}}}})"),
            std::string::npos)
      << manifestOf(directory_);
}

TEST(ModuleYaml, ChecksPermissionsAndJobs) {
  EXPECT_EQ(more("permissions:\n  files.view: { help: x, roles: [user] }\n"),
            "module.yaml:6: permission \"files.view\" must be notes.verb, in lower case");
  EXPECT_EQ(more("permissions:\n  notes.view: { roles: [user] }\n"),
            "module.yaml:6: permissions.notes.view.help is missing");
  EXPECT_EQ(more("jobs:\n  clean: { help: x, trigger: { every: PT5M } }\n"),
            "module.yaml:6: jobs are declared; add jobs/1 to needs");
  const auto rule = [](const std::string& text) {
    return more("needs: [jobs/1]\njobs:\n  clean: { help: x, trigger: { every: PT5M }, " + text + " }\n");
  };
  EXPECT_EQ(rule("name: Clean up, zone: Europe/Berlin, jitter: 30s, time_limit: 10m, max_instances: 2, misfire_grace: "
                 "none, coalesce: false"),
            "accepted");
  EXPECT_EQ(rule("jitter: 1500ms"),
            "module.yaml:7: jobs.clean.jitter \"1500ms\" must be whole seconds, like 30s, 10m or 2h");
  EXPECT_EQ(rule("misfire_grace: never"),
            "module.yaml:7: jobs.clean.misfire_grace \"never\" must be whole seconds, like 30s, 10m or 2h, or none");
  EXPECT_EQ(rule("max_instances: 0"), "module.yaml:7: jobs.clean.max_instances \"0\" must be a number from 1 to 100");
  EXPECT_EQ(rule("coalesce: perhaps"), "module.yaml:7: jobs.clean.coalesce must be true or false");
  EXPECT_EQ(more("needs: [jobs/1]\njobs:\n  clean: { help: x, trigger: { every: 5m } }\n"),
            "module.yaml:7: jobs.clean.trigger.every \"5m\" must be an ISO 8601 duration, like PT5M");
  EXPECT_EQ(more("needs: [jobs/1]\njobs:\n  clean: { help: x, trigger: { crn: '0 3 * * *' } }\n"),
            "module.yaml:7: unknown key jobs.clean.trigger.crn; did you mean cron?");
  EXPECT_EQ(more("needs: [jobs/1]\njobs:\n  clean: { help: x }\n"),
            "module.yaml:7: jobs.clean.trigger must be one of { cron: ... }, { every: ... }, { at: ... }");
}

TEST(ModuleYaml, ChecksFeatures) {
  EXPECT_EQ(more("features:\n  team_notes: { tier: team, help: x }\n"), "accepted");
  EXPECT_EQ(more("features:\n  team_notes: { tier: teem, help: x }\n"),
            "module.yaml:6: features.team_notes.tier \"teem\" is unknown; did you mean team?");
  EXPECT_EQ(more("features:\n  team_notes: { help: x }\n"), "module.yaml:6: features.team_notes.tier is missing");
  EXPECT_EQ(more("features:\n  team_notes: { tier: pro }\n"), "module.yaml:6: features.team_notes.help is missing");
  EXPECT_EQ(more("features:\n  team.notes: { tier: pro, help: x }\n"),
            "module.yaml:6: feature \"team.notes\" must be lower-case letters, digits and _");
  EXPECT_EQ(more("features:\n  team_notes: { tier: pro, help: x, roles: [user] }\n"),
            "module.yaml:6: unknown key features.team_notes.roles; known: tier, help");
}

TEST(ModuleYaml, PassesOnWhatYamlItselfRefuses) {
  EXPECT_EQ(moduleFindings("name: a\nname: b\n"), "module.yaml:2:1: repeated key \"name\": keep one of the two");
  EXPECT_THAT(moduleFindings("name: [a\n"), ::testing::StartsWith("module.yaml:"));
}

TEST_F(Folder, NamesEveryFileThatIsWrong) {
  write("contracts/notes.yml", "x: 1");
  write("contracts/a.yaml",
        "openapi: 3.0.3\npaths:\n  /a:\n    get: {operationId: readA, x-mortise-permission: notes.veiw}\n");
  write("contracts/b.yaml", "paths:\n  /b:\n    get:\n      operationId: readA\n");
  write("migrations/1_x.sql", "SELECT 1");
  write("migrations/001_x.sql", "SELECT 1");
  write("migrations/0001_y.sql", "SELECT 1");
  write("messages/en.yaml", "a: [1]\n");
  write("module.yaml", std::string(kHead) + "permissions:\n  notes.view: { help: x, roles: [user] }\n");
  EXPECT_EQ(findings(),
            "contracts/notes.yml: expected a file named like name.yaml; rename it or move it elsewhere\n"
            "contracts/a.yaml:4: permission notes.veiw is not declared in module.yaml; did you mean notes.view?\n"
            "contracts/b.yaml:3: operationId readA is taken by contracts/a.yaml:4; give one of the two another name\n"
            "migrations/1_x.sql: expected a file named like 001_name.sql; rename it or move it elsewhere\n"
            "migrations/001_x.sql: 0001_y.sql has the same number; number them apart\n"
            "messages/en.yaml:1: a must be one text");
}

TEST_F(Folder, NamesSectionsOfMigrationsThatNoDatabaseReads) {
  write("module.yaml", "name: notes\nversion: 1.0.0\nsummary: Notes\nsdk: \"1.1\"\n");
  write("migrations/001_both.sql",
        "CREATE TABLE notes_a (id TEXT);\n-- mortise:sqlite\nSELECT 1;\n  -- mortise: postgresql \r\nSELECT 2;\n"
        "-- mortise:all\nSELECT 3;\n");
  EXPECT_EQ(findings(), "accepted");
  write("migrations/002_names.sql",
        "-- mortise:sqlite\nSELECT 1;\n-- mortise:postgres\nSELECT 2;\n--mortise:postgresql\n-- Mortise:all\n"
        "/* mortise:all */\n-- mortise takes three words\n-- mortise:postgresql\n");
  write("migrations/003_one.sql", "SELECT 1;\n-- mortise:postgresql\nSELECT 2;\n-- mortise:all\nSELECT 3;\n");
  const std::string noSection =
      ": this line begins no section; write it as -- mortise:sqlite, -- mortise:postgresql or -- mortise:all\n";
  EXPECT_EQ(findings(),
            "migrations/002_names.sql:3: section \"postgres\" is none of sqlite, postgresql, all; did you mean "
            "postgresql?\n"
            "migrations/002_names.sql:5" +
                noSection + "migrations/002_names.sql:6" + noSection + "migrations/002_names.sql:7" + noSection +
                "migrations/003_one.sql:2: has a section for postgresql and none for sqlite; add one, which may hold a "
                "comment alone");
}

TEST_F(Folder, TakesASectionForOneDatabaseFromSourcesOfTheFirstSdk) {
  write("migrations/001_one.sql", "-- mortise:sqlite\nSELECT 1;\n");
  EXPECT_EQ(findings(), "accepted");
}

TEST_F(Folder, WithoutModuleYamlIsRefused) {
  fs::remove(directory_ / "module.yaml");
  EXPECT_EQ(findings(), "module.yaml: not found; a module has its name, version and needs there");
}

TEST_F(Folder, BecomesTheSameBytesInC) {
  write("messages/en.yaml", "odd: \"quote \\\" back \\\\ ?\?/ trigraph \\x41f tab\\t end\"\nlong: \"" +
                                std::string(9000, 'x') + "\"\nzh: 中文\n");
  const auto manifest = manifestOf(directory_);
  for (const std::string compiler : {"cc -std=c11 -x c", "c++ -std=c++20 -x c++", "clang++ -std=c++20 -x c++"}) {
    const auto source = root_ / "manifest.c";
    embedModule(directory_, source);
    std::ofstream(root_ / "main.c")
        << "#include <stdio.h>\n#include <stddef.h>\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n"
           "extern const char mortise_manifest[]; extern const size_t mortise_manifest_size;\n"
           "#ifdef __cplusplus\n}\n#endif\n"
           "int main(void) { fwrite(mortise_manifest, 1, mortise_manifest_size, stdout); return 0; }\n";
    const std::string out = (root_ / "program").string();
    const std::string build = compiler + " -Wall -Wextra -Wpedantic -Werror " + source.string() + " " +
                              (root_ / "main.c").string() + " -o " + out;
    ASSERT_EQ(std::system(build.c_str()), 0) << build;
    ASSERT_EQ(std::system((out + " > " + out + ".txt").c_str()), 0);
    std::ostringstream text;
    text << std::ifstream(out + ".txt", std::ios::binary).rdbuf();
    EXPECT_EQ(text.str(), manifest) << compiler;
  }
}

TEST_F(Folder, LeavesTheOldSourceWhenTheModuleIsWrong) {
  const auto source = root_ / "manifest.c";
  embedModule(directory_, source);
  const auto before = fs::file_size(source);
  write("module.yaml", "name: 5\n");
  EXPECT_THROW(embedModule(directory_, source), Refusal);
  EXPECT_EQ(fs::file_size(source), before);
  EXPECT_THROW(embedModule(root_, root_ / "none" / "x.c"), std::runtime_error);
}

TEST(Rules, DurationsAndSizes) {
  EXPECT_EQ(parseDuration("250ms"), 250);
  EXPECT_EQ(parseDuration("2d"), 172800000);
  EXPECT_EQ(parseDuration("7"), 7000);
  EXPECT_EQ(parseDuration("-1s"), std::nullopt);
  EXPECT_EQ(parseDuration("9223372036854775807h"), std::nullopt);
  EXPECT_EQ(parseSize("64KiB"), 65536);
  EXPECT_EQ(parseSize("10 MB"), std::nullopt);
}

}  // namespace
}  // namespace mortise::embed
