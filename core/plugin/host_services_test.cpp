// The tables over the real services, as a module sees them: through lookup() and C types only.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstring>
#include <future>
#include <list>
#include <mutex>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/db/database.hpp"
#include "core/db/joined_transaction.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/ops/health.hpp"
#include "core/ops/metrics.hpp"
#include "core/plugin/base_url.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/job_book.hpp"
#include "core/plugin/job_run.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/module_files_testing.hpp"
#include "core/plugin/recording_call.hpp"
#include "core/plugin/scratch_services.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/jobs/jobs.hpp"
#include "core/services/limits/bucket.hpp"
#include "mortise/abi/audit.h"
#include "mortise/abi/blobs.h"
#include "mortise/abi/cache.h"
#include "mortise/abi/config.h"
#include "mortise/abi/db.h"
#include "mortise/abi/events.h"
#include "mortise/abi/health.h"
#include "mortise/abi/http_client.h"
#include "mortise/abi/identity.h"
#include "mortise/abi/jobs.h"
#include "mortise/abi/json.h"
#include "mortise/abi/limits.h"
#include "mortise/abi/log.h"
#include "mortise/abi/mail.h"
#include "mortise/abi/metrics.h"
#include "mortise/abi/objects.h"
#include "mortise/abi/orgs.h"
#include "mortise/abi/scheduler.h"
#include "mortise/abi/secrets.h"

namespace mortise::plugin {
namespace {

mortise_str S(std::string_view text) { return {text.data(), text.size()}; }

constexpr const char* kManifest = R"({"mortise_manifest":1,"module":{"name":"notes","version":"1","sdk":"1.0",
  "needs":["audit/1","blobs/1","cache/1","config/1","db/1","events/1","http_client/1","identity/1","jobs/1","limits/1","log/1","mail/1",
           "health/1","metrics/1","objects/1","orgs/1","scheduler/1"],"features":{"team_management":{"tier":"team","help":"h"}},"optional":["secrets/1","files.store/1"],
  "options":{"limit":{"type":"integer","default":20,"help":"h"},"zone":{"default":"UTC","help":"h"},
             "strict":{"type":"boolean","default":true,"help":"h"},"keep":{"type":"duration","default":"5m","help":"h"}}}})";

class Tables : public ::testing::Test {
 protected:
  void SetUp() override { error_.struct_size = sizeof error_; }

  template <typename Table>
  const Table& table(const char* name) {
    const auto* found = host_.raw()->lookup(host_.raw(), S(name));
    if (found == nullptr) throw std::runtime_error(std::string(name) + " is not served");
    return *static_cast<const Table*>(found);
  }
  mortise_host* raw() { return host_.raw(); }
  std::string code() const { return error_.code; }

  testing::ScratchDirectory scratch_;
  std::shared_ptr<const Manifest> manifest_ = testing::manifestOf(kManifest);
  ScratchServices services_{scratch_.path(), *manifest_};
  Host host_{manifest_, services_.services()};
  mortise_error error_{};
};

mortise_status sayWell(void*, std::int64_t, mortise_error* detail) {
  std::strcpy(detail->text, "fine");
  return MORTISE_OK;
}

TEST_F(Tables, AHealthCheckLivesFromTheStartToTheStop) {
  auto& health = *services_.services().health;
  const auto& checks = table<mortise_health_v1>(MORTISE_HEALTH_V1);
  const auto add = [&](const char* name, std::int64_t limit) {
    return checks.add(raw(), S(name), 1, limit, &sayWell, nullptr, &error_);
  };
  EXPECT_EQ(add("sandbox", 1000), MORTISE_INVALID);  // not while it starts
  EXPECT_EQ(code(), "wrong_thread");
  {
    const LaneScope lane(ThreadLane::start);
    for (const char* name : {"", "Sandbox", "1st", "a-b", "a23456789012345678901234567890123"}) {
      EXPECT_EQ(add(name, 1000), MORTISE_INVALID) << name;
      EXPECT_EQ(code(), "bad_name");
    }
    EXPECT_EQ(add("sandbox", 0), MORTISE_INVALID);
    EXPECT_EQ(add("sandbox", 10'001), MORTISE_INVALID);
    EXPECT_EQ(code(), "bad_limit");
    EXPECT_EQ(add("sandbox", 1000), MORTISE_OK);
    EXPECT_EQ(add("sandbox", 1000), MORTISE_EXISTS);
    EXPECT_EQ(code(), "name_taken");
  }
  const auto report = health.run();
  ASSERT_EQ(report.checks.size(), 1u);
  EXPECT_TRUE(report.checks[0].healthy);
  EXPECT_EQ(report.checks[0].detail, "fine");
  host_.endChecks();
  EXPECT_TRUE(health.run().checks.empty());
}

TEST_F(Tables, TheBaseUrlIsThereOnceTheServerListens) {
  BaseUrl url;
  auto services = services_.services();
  services.baseUrl = &url;
  Host host(manifest_, services);
  EXPECT_EQ(host.serverValue("http.base_url"), nullptr);
  url.publish("http://127.0.0.1:8000");
  ASSERT_NE(host.serverValue("http.base_url"), nullptr);
  EXPECT_EQ(view(host.serverValue("http.base_url")->as.text), "http://127.0.0.1:8000");
}

TEST_F(Tables, OnlyDeclaredInterfacesAreServed) {
  const auto manifest = testing::manifestOf(
      R"({"mortise_manifest":1,"module":{"name":"small","version":"1","sdk":"1.0","needs":["log/1"]}})");
  Host small(manifest, services_.services());
  const auto lookup = [&](const char* name) { return small.raw()->lookup(small.raw(), S(name)); };
  EXPECT_NE(lookup("log/1"), nullptr);
  EXPECT_NE(lookup("call/1"), nullptr);
  EXPECT_NE(lookup("json/1"), nullptr);
  EXPECT_EQ(lookup("db/1"), nullptr);
  EXPECT_EQ(lookup("db/2"), nullptr);
  EXPECT_EQ(lookup(""), nullptr);
  EXPECT_EQ(host_.raw()->lookup(host_.raw(), S("files.store/1")), nullptr);  // optional, no such module
}

TEST_F(Tables, AnInterfaceWithoutItsServiceIsNotServed) {
  Host bare(manifest_, HostServices{});
  EXPECT_EQ(bare.raw()->lookup(bare.raw(), S("db/1")), nullptr);
  EXPECT_NE(bare.raw()->lookup(bare.raw(), S("log/1")), nullptr);
}

TEST_F(Tables, EveryTableSaysHowLongItIs) {
  EXPECT_EQ(table<mortise_db_v1>("db/1").struct_size, sizeof(mortise_db_v1));
  EXPECT_EQ(table<mortise_call_v1>("call/1").struct_size, sizeof(mortise_call_v1));
  // No slot may be null, because modules call them without a check.
  for (const auto& name : kernelInterfaces()) {
    const auto* words = static_cast<const std::uint64_t*>(raw()->lookup(raw(), S(name)));
    ASSERT_NE(words, nullptr) << name;
    const auto size = static_cast<std::uint32_t>(words[0]);
    for (std::size_t i = 1; i < size / 8; ++i) EXPECT_NE(words[i], 0u) << name << " slot " << i;
  }
}

TEST_F(Tables, ConfigGivesTypedOptions) {
  const auto& config = table<mortise_config_v1>("config/1");
  mortise_value value{};
  EXPECT_EQ(config.get(raw(), S("limit"), &value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_INTEGER);
  EXPECT_EQ(value.as.integer, 20);
  EXPECT_EQ(config.get(raw(), S("zone"), &value), MORTISE_OK);
  EXPECT_EQ(view(value.as.text), "UTC");
  EXPECT_EQ(config.get(raw(), S("strict"), &value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_BOOLEAN);
  EXPECT_EQ(value.as.boolean, 1);
  EXPECT_EQ(config.get(raw(), S("keep"), &value), MORTISE_OK);
  EXPECT_EQ(value.as.integer, 300'000);
  EXPECT_EQ(config.get(raw(), S("zona"), &value), MORTISE_NOT_FOUND);
  EXPECT_EQ(config.get_at(raw(), S("zone"), 1, &value), MORTISE_NOT_FOUND);
  EXPECT_EQ(config.server(raw(), S("server.name"), &value), MORTISE_OK);
  EXPECT_EQ(view(value.as.text), "mortise");
  EXPECT_EQ(config.server(raw(), S("identity.secret"), &value), MORTISE_NOT_FOUND);
}

class Sql : public Tables {
 protected:
  void SetUp() override {
    Tables::SetUp();
    ASSERT_EQ(db_.open(raw(), 1, &session_, &error_), MORTISE_OK) << error_.text;
    ASSERT_EQ(execute("CREATE TABLE notes_notes (id TEXT PRIMARY KEY, stars BIGINT, weight DOUBLE PRECISION)"),
              MORTISE_OK)
        << error_.text;
  }
  void TearDown() override { db_.close(session_); }
  mortise_status execute(std::string_view sql, std::vector<mortise_db_parameter> parameters = {},
                         std::int64_t* changed = nullptr) {
    return db_.execute(session_, S(sql), parameters.data(), parameters.size(), changed, &error_);
  }
  static mortise_db_parameter text(const char* name, std::string_view value) {
    mortise_db_parameter parameter{S(name), {}};
    parameter.value.type = MORTISE_TEXT;
    parameter.value.as.text = S(value);
    return parameter;
  }
  static mortise_db_parameter integer(const char* name, std::int64_t value) {
    mortise_db_parameter parameter{S(name), {}};
    parameter.value.type = MORTISE_INTEGER;
    parameter.value.as.integer = value;
    return parameter;
  }
  const mortise_db_v1& db_ = table<mortise_db_v1>("db/1");
  mortise_db_session* session_ = nullptr;
};

TEST_F(Sql, RowsGoInAndComeOut) {
  std::int64_t changed = 0;
  mortise_db_parameter weight{S("weight"), {}};
  weight.value.type = MORTISE_REAL;
  weight.value.as.real = 1.5;
  ASSERT_EQ(execute("INSERT INTO notes_notes (id, stars, weight) VALUES (:id, :stars, :weight)",
                    {text("id", "a"), integer("stars", 5'000'000'000), weight}, &changed),
            MORTISE_OK)
      << error_.text;
  EXPECT_EQ(changed, 1);
  ASSERT_EQ(execute("INSERT INTO notes_notes (id) VALUES (:id)", {text("id", "b")}), MORTISE_OK) << error_.text;

  const mortise_type types[] = {MORTISE_TEXT, MORTISE_INTEGER, MORTISE_REAL};
  mortise_db_rows* rows = nullptr;
  ASSERT_EQ(db_.query(session_, S("SELECT id, stars, weight FROM notes_notes ORDER BY id"), nullptr, 0, types, 3, &rows,
                      &error_),
            MORTISE_OK);
  mortise_value values[3];
  ASSERT_EQ(db_.next(rows, values, &error_), MORTISE_OK);
  EXPECT_EQ(view(values[0].as.text), "a");
  EXPECT_EQ(values[1].as.integer, 5'000'000'000);
  EXPECT_EQ(values[2].as.real, 1.5);
  ASSERT_EQ(db_.next(rows, values, &error_), MORTISE_OK);
  EXPECT_EQ(view(values[0].as.text), "b");
  EXPECT_EQ(values[1].type, MORTISE_NULL);
  EXPECT_EQ(db_.next(rows, values, &error_), MORTISE_NOT_FOUND);
  db_.rows_close(rows);
}

TEST_F(Sql, ErrorsAreStatuses) {
  ASSERT_EQ(execute("INSERT INTO notes_notes (id) VALUES (:id)", {text("id", "a")}), MORTISE_OK);
  EXPECT_EQ(execute("INSERT INTO notes_notes (id) VALUES (:id)", {text("id", "a")}), MORTISE_EXISTS);
  EXPECT_EQ(code(), "unique");
  EXPECT_EQ(execute("SELEKT 1"), MORTISE_INVALID);
  EXPECT_EQ(code(), "bad_sql");
  EXPECT_EQ(execute("INSERT INTO notes_notes (id) VALUES (:id)", {text("id", std::string_view("a\0b", 3))}),
            MORTISE_INVALID);
  EXPECT_EQ(code(), "bad_text");
  EXPECT_EQ(execute("INSERT INTO notes_notes (id) VALUES (:id)", {text("id", "\xff")}), MORTISE_INVALID);
  EXPECT_EQ(db_.execute(nullptr, S("SELECT 1"), nullptr, 0, nullptr, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "no_session");
}

TEST_F(Sql, WhatWasNotCommittedIsRolledBack) {
  ASSERT_EQ(db_.begin(session_, &error_), MORTISE_OK);
  ASSERT_EQ(execute("INSERT INTO notes_notes (id) VALUES (:id)", {text("id", "gone")}), MORTISE_OK);
  db_.close(session_);
  ASSERT_EQ(db_.open(raw(), 1, &session_, &error_), MORTISE_OK) << error_.text;
  std::int64_t changed = -1;
  EXPECT_EQ(execute("DELETE FROM notes_notes", {}, &changed), MORTISE_OK);
  EXPECT_EQ(changed, 0);
}

TEST_F(Sql, AnIoThreadIsTurnedAway) {
  const LaneScope lane(ThreadLane::loop);
  EXPECT_EQ(execute("SELECT 1"), MORTISE_INVALID);
  EXPECT_EQ(code(), "wrong_thread");
  mortise_db_session* other = nullptr;
  EXPECT_EQ(db_.open(raw(), 0, &other, &error_), MORTISE_INVALID);
  EXPECT_EQ(other, nullptr);
}

TEST_F(Sql, RowsClosedAfterTheirSessionBreakNothing) {
  const mortise_type types[] = {MORTISE_TEXT};
  mortise_db_rows* rows = nullptr;
  ASSERT_EQ(db_.query(session_, S("SELECT id FROM notes_notes"), nullptr, 0, types, 1, &rows, &error_), MORTISE_OK);
  db_.close(session_);
  mortise_value value;
  EXPECT_EQ(db_.next(rows, &value, &error_), MORTISE_CLOSED);
  db_.rows_close(rows);
  ASSERT_EQ(db_.open(raw(), 1, &session_, &error_), MORTISE_OK) << error_.text;
}

TEST_F(Sql, AForgottenSessionIsTakenBackAndFreesTheWriter) {
  ASSERT_EQ(db_.begin(session_, &error_), MORTISE_OK);
  host_.takeBack();
  EXPECT_EQ(execute("SELECT 1"), MORTISE_CLOSED);
  const auto other = services_.database().lease(db::Access::write);
  EXPECT_NO_THROW(other->execute("DELETE FROM notes_notes", {}));
}

void keepText(void* context, mortise_str text) { *static_cast<std::string*>(context) = copy(text); }

TEST_F(Tables, CacheKeepsAndForgets) {
  const auto& cache = table<mortise_cache_v1>("cache/1");
  std::string seen;
  EXPECT_EQ(cache.get(raw(), S("k"), keepText, &seen, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(cache.set(raw(), S("k"), S("v"), 0, &error_), MORTISE_OK);
  EXPECT_EQ(cache.get(raw(), S("k"), keepText, &seen, &error_), MORTISE_OK);
  EXPECT_EQ(seen, "v");
  EXPECT_EQ(cache.set_if_absent(raw(), S("k"), S("w"), 0, &error_), MORTISE_EXISTS);
  std::int64_t sum = 0;
  EXPECT_EQ(cache.increment(raw(), S("n"), 3, 60'000, &sum, &error_), MORTISE_OK);
  EXPECT_EQ(cache.increment(raw(), S("n"), 4, 60'000, &sum, &error_), MORTISE_OK);
  EXPECT_EQ(sum, 7);
  EXPECT_EQ(cache.increment(raw(), S("k"), 1, 0, &sum, &error_), MORTISE_INVALID);
  EXPECT_EQ(cache.remove(raw(), S("k"), &error_), MORTISE_OK);
  EXPECT_EQ(cache.remove(raw(), S("k"), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(cache.set(raw(), S(""), S("v"), 0, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "bad_key");
}

TEST_F(Tables, KeysOfTwoModulesNeverMeet) {
  const auto other = testing::manifestOf(
      R"({"mortise_manifest":1,"module":{"name":"other","version":"1","sdk":"1.0","needs":["cache/1","secrets/1"]}})");
  Host foreign(other, services_.services());
  const auto& cache = table<mortise_cache_v1>("cache/1");
  ASSERT_EQ(cache.set(raw(), S("k"), S("v"), 0, &error_), MORTISE_OK);
  std::string mine, theirs;
  EXPECT_EQ(cache.get(foreign.raw(), S("k"), keepText, &theirs, &error_), MORTISE_NOT_FOUND);
  const auto& secrets = table<mortise_secrets_v1>("secrets/1");
  EXPECT_EQ(secrets.derive(raw(), S("p"), 32, keepText, &mine, &error_), MORTISE_OK);
  EXPECT_EQ(secrets.derive(foreign.raw(), S("p"), 32, keepText, &theirs, &error_), MORTISE_OK);
  EXPECT_EQ(mine.size(), 32u);
  EXPECT_NE(mine, theirs);
}

TEST_F(Tables, SecretsSealAndUnseal) {
  const auto& secrets = table<mortise_secrets_v1>("secrets/1");
  std::string sealed, plain;
  ASSERT_EQ(secrets.seal(raw(), S("link"), S("user 7"), keepText, &sealed, &error_), MORTISE_OK);
  ASSERT_EQ(secrets.unseal(raw(), S("link"), S(sealed), keepText, &plain, &error_), MORTISE_OK);
  EXPECT_EQ(plain, "user 7");
  EXPECT_EQ(secrets.unseal(raw(), S("other"), S(sealed), keepText, &plain, &error_), MORTISE_DENIED);
  EXPECT_EQ(secrets.derive(raw(), S("p"), 0, keepText, &plain, &error_), MORTISE_INVALID);
  EXPECT_EQ(secrets.derive(raw(), S(""), 8, keepText, &plain, &error_), MORTISE_INVALID);
  EXPECT_EQ(secrets.named(raw(), S("smtp"), keepText, &plain, &error_), MORTISE_NOT_FOUND);
}

std::int32_t keepBlob(void* context, const mortise_blob* blob) {
  static_cast<std::vector<std::string>*>(context)->push_back(copy(blob->key));
  return 1;
}

TEST_F(Tables, BlobsAreStoredReadListedAndRemoved) {
  const auto& blobs = table<mortise_blobs_v1>("blobs/1");
  const auto& calls = table<mortise_call_v1>("call/1");
  std::vector<std::string> keys;
  ASSERT_EQ(blobs.put(raw(), S("hello"), keepBlob, &keys, &error_), MORTISE_OK) << error_.text;
  mortise_blob_writer* writer = nullptr;
  ASSERT_EQ(blobs.writer(raw(), &writer, &error_), MORTISE_OK);
  ASSERT_EQ(blobs.write(writer, S("wor"), &error_), MORTISE_OK);
  ASSERT_EQ(blobs.write(writer, S("ld"), &error_), MORTISE_OK);
  ASSERT_EQ(blobs.finish(writer, keepBlob, &keys, &error_), MORTISE_OK);
  ASSERT_EQ(keys.size(), 2u);

  mortise_file* file = nullptr;
  ASSERT_EQ(blobs.open(raw(), S(keys[1]), &file, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(calls.file_size(file), 5u);
  char buffer[8];
  EXPECT_EQ(calls.file_read(file, 1, buffer, sizeof buffer), 4);
  EXPECT_EQ(std::string(buffer, 4), "orld");
  EXPECT_EQ(calls.file_read(file, 5, buffer, sizeof buffer), 0);
  std::vector<std::string> copied;
  EXPECT_EQ(blobs.put_file(raw(), file, keepBlob, &copied, &error_), MORTISE_OK);
  EXPECT_EQ(copied.at(0), keys[1]);
  blobs.close(file);

  auto sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> listed;
  EXPECT_EQ(blobs.list(raw(), S(""), S(""), 10, keepBlob, &listed, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(listed, sorted);
  listed.clear();
  EXPECT_EQ(blobs.list(raw(), S(""), S(sorted[0]), 10, keepBlob, &listed, &error_), MORTISE_OK);
  EXPECT_EQ(listed, std::vector<std::string>{sorted[1]});
  for (const auto& key : sorted) {
    listed.clear();
    EXPECT_EQ(blobs.list(raw(), S(key.substr(0, 12)), S(""), 10, keepBlob, &listed, &error_), MORTISE_OK);
    EXPECT_EQ(listed, std::vector<std::string>{key});
    listed.clear();
    EXPECT_EQ(blobs.list(raw(), S(key), S(""), 10, keepBlob, &listed, &error_), MORTISE_OK);
    EXPECT_EQ(listed, std::vector<std::string>{key});
  }
  EXPECT_EQ(blobs.list(raw(), S(""), S(""), 0, keepBlob, &listed, &error_), MORTISE_INVALID);

  EXPECT_EQ(blobs.remove(raw(), S(keys[0]), &error_), MORTISE_OK);
  EXPECT_EQ(blobs.remove(raw(), S(keys[0]), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(blobs.stat(raw(), S(keys[0]), keepBlob, &keys, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(blobs.open(raw(), S("other/" + keys[1].substr(6)), &file, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "bad_key");
}

TEST_F(Tables, ObjectsAreStoredFoundSharedAndRemoved) {
  const auto& objects = table<mortise_objects_v1>("objects/1");
  const auto& calls = table<mortise_call_v1>("call/1");
  const auto keepEtag = [](void* context, const mortise_object* object) {
    *static_cast<std::string*>(context) = copy(object->etag);
    EXPECT_EQ(view(object->bucket), "default");
    EXPECT_EQ(view(object->content_type), "text/plain");
    EXPECT_EQ(object->size, 5u);
  };
  std::string etag, again, url;
  ASSERT_EQ(objects.put(raw(), S(""), S("a/b"), S("hello"), S("text/plain"), keepEtag, &etag, &error_), MORTISE_OK)
      << error_.text;
  mortise_file* file = nullptr;
  ASSERT_EQ(objects.open(raw(), S(""), S("a/b"), &file, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(calls.file_size(file), 5u);
  EXPECT_EQ(objects.put_file(raw(), S(""), S("copy"), file, S("text/plain"), keepEtag, &again, &error_), MORTISE_OK);
  objects.close(file);
  EXPECT_EQ(again, etag);
  EXPECT_EQ(objects.stat(raw(), S(""), S("copy"), keepEtag, &again, &error_), MORTISE_OK);
  bool seen = false;
  const auto look = [](void* context, const mortise_bucket* bucket) {
    *static_cast<bool*>(context) = bucket->exists != 0 && bucket->is_default != 0 && view(bucket->name) == "default";
  };
  EXPECT_EQ(objects.bucket(raw(), S(""), look, &seen, &error_), MORTISE_OK);
  EXPECT_TRUE(seen);
  const auto keepUrl = [](void* context, mortise_str text) { *static_cast<std::string*>(context) = copy(text); };
  EXPECT_EQ(objects.presign(raw(), S(""), S("a/b"), 60, keepUrl, &url, &error_), MORTISE_OK);
  EXPECT_TRUE(url.starts_with("http://localhost:8000/objects/default/a/b?expires=")) << url;
  EXPECT_EQ(objects.presign(raw(), S(""), S("a/b"), 0, keepUrl, &url, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "expiry");
  EXPECT_EQ(objects.remove(raw(), S(""), S("a/b"), &error_), MORTISE_OK);
  EXPECT_EQ(objects.remove(raw(), S(""), S("a/b"), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(code(), "no_object");
  EXPECT_EQ(objects.open(raw(), S("elsewhere"), S("a/b"), &file, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(code(), "no_bucket");
}

TEST_F(Tables, AForgottenUploadIsTakenBack) {
  const auto& blobs = table<mortise_blobs_v1>("blobs/1");
  mortise_blob_writer* writer = nullptr;
  ASSERT_EQ(blobs.writer(raw(), &writer, &error_), MORTISE_OK);
  host_.takeBack();
  EXPECT_EQ(blobs.write(writer, S("x"), &error_), MORTISE_CLOSED);
  blobs.abandon(writer);
}

struct Received {
  std::promise<std::string> payload;
};

TEST_F(Tables, EventsReachTheSubscriberUntilItIsTakenBack) {
  const auto& events = table<mortise_events_v1>("events/1");
  Received received;
  mortise_subscription* subscription = nullptr;
  const auto take = [](void* context, const mortise_event* event) {
    static_cast<Received*>(context)->payload.set_value(copy(event->topic) + "=" + copy(event->payload));
  };
  ASSERT_EQ(events.subscribe(raw(), S("notes.*"), take, &received, &subscription, &error_), MORTISE_OK) << error_.text;
  ASSERT_EQ(events.publish(raw(), S("notes.saved"), S("7"), &error_), MORTISE_OK);
  EXPECT_EQ(received.payload.get_future().get(), "notes.saved=7");
  EXPECT_EQ(events.publish(raw(), S("other.saved"), S("7"), &error_), MORTISE_INVALID);
  EXPECT_EQ(events.publish(raw(), S("notes. x"), S("7"), &error_), MORTISE_INVALID);
  host_.takeBack();
  EXPECT_EQ(events.publish(raw(), S("notes.saved"), S("8"), &error_),
            MORTISE_OK);  // a second delivery would set the promise twice
  events.unsubscribe(raw(), subscription);
}

TEST_F(Tables, MetricsShowUpUnderTheModulesName) {
  const auto& metrics = table<mortise_metrics_v1>("metrics/1");
  mortise_counter* counter = nullptr;
  mortise_gauge* gauge = nullptr;
  const mortise_pair label{S("kind"), S("new")};
  ASSERT_EQ(metrics.counter(raw(), S("saved_total"), S("Notes saved"), &label, 1, &counter, &error_), MORTISE_OK)
      << error_.text;
  ASSERT_EQ(metrics.gauge(raw(), S("open"), S("Open notes"), nullptr, 0, &gauge, &error_), MORTISE_OK);
  metrics.add(counter, 3);
  metrics.set(gauge, 5);
  metrics.change(gauge, -2);
  metrics.add(nullptr, 1);
  const auto page = services_.services().metrics->render();
  EXPECT_NE(page.find("mortise_notes_saved_total{kind=\"new\"} 3"), std::string::npos) << page;
  EXPECT_NE(page.find("mortise_notes_open 3"), std::string::npos) << page;
  EXPECT_EQ(metrics.gauge(raw(), S("bad name"), S("h"), nullptr, 0, &gauge, &error_), MORTISE_INVALID);
  EXPECT_EQ(gauge, nullptr);
}

TEST_F(Tables, LimitsKnowTheBucketsOfTheContract) {
  const auto bucket = std::make_shared<services::limits::Bucket>();
  bucket->name = "notes.mail";
  bucket->limit = 1;
  bucket->windowSeconds = 60;
  bucket->algorithm = services::limits::Bucket::Algorithm::fixedWindow;
  bucket->key = services::limits::Bucket::Key::custom;
  host_.useBuckets({bucket});
  const auto& limits = table<mortise_limits_v1>("limits/1");
  EXPECT_EQ(limits.peek(raw(), S("mail"), S("a@b"), &error_), MORTISE_OK);
  EXPECT_EQ(limits.take(raw(), S("mail"), S("a@b"), &error_), MORTISE_OK);
  EXPECT_EQ(limits.take(raw(), S("notes.mail"), S("a@b"), &error_), MORTISE_DENIED);
  EXPECT_EQ(code(), "limit_reached");
  EXPECT_GE(error_.retry_after, 1);
  EXPECT_EQ(limits.refund(raw(), S("mail"), S("a@b"), &error_), MORTISE_OK);
  EXPECT_EQ(limits.take(raw(), S("mail"), S("a@b"), &error_), MORTISE_OK);
  EXPECT_EQ(limits.reset(raw(), S("mail"), S("a@b"), &error_), MORTISE_OK);
  EXPECT_EQ(limits.peek(raw(), S("mail"), S("a@b"), &error_), MORTISE_OK);
  EXPECT_EQ(limits.take(raw(), S("nail"), S("a@b"), &error_), MORTISE_NOT_FOUND);
}

TEST_F(Tables, LimitsCountKeysForEachClientWhereTheContractSaysSo) {
  const auto bucket = std::make_shared<services::limits::Bucket>();
  bucket->name = "notes.tries";
  bucket->limit = 1;
  bucket->windowSeconds = 60;
  bucket->algorithm = services::limits::Bucket::Algorithm::slidingWindow;
  bucket->key = services::limits::Bucket::Key::ipCustom;
  host_.useBuckets({bucket});
  const auto& limits = table<mortise_limits_v1>("limits/1");
  EXPECT_EQ(limits.take(raw(), S("tries"), S("ada"), &error_), MORTISE_INVALID) << "there is no request";
  EXPECT_EQ(code(), "no_request");
  class From final : public RecordingCall {
   public:
    explicit From(std::string address) : RecordingCall("try"), address_(std::move(address)) {}
    std::string_view address() const override { return address_; }

   private:
    std::string address_;
  };
  const auto take = [&](const char* address, const char* key) {
    const From call(address);
    currentThread.call = &call;
    const auto status = limits.take(raw(), S("tries"), S(key), &error_);
    currentThread.call = nullptr;
    return status;
  };
  EXPECT_EQ(take("192.0.2.1", "ada"), MORTISE_OK);
  EXPECT_EQ(take("::ffff:192.0.2.1", "ada"), MORTISE_DENIED);
  EXPECT_EQ(take("192.0.2.1", "bob"), MORTISE_OK);
  EXPECT_EQ(take("192.0.2.2", "ada"), MORTISE_OK);
  EXPECT_EQ(take("2001:db8::1", "ada"), MORTISE_OK);
  EXPECT_EQ(take("2001:db8::2", "ada"), MORTISE_DENIED);
  EXPECT_EQ(take("2001:db8:0:1::2", "ada"), MORTISE_OK);
  EXPECT_EQ(take("2001:db8:0:2::2", "ada"), MORTISE_DENIED) << "the third of one /56";
}

// What drains by itself is worth another try, a full disk is not.
TEST_F(Tables, WhatIsFullForAMomentIsUnavailable) {
  const auto told = [&](const services::ServiceError& failure) {
    try {
      throw failure;
    } catch (...) {
      return answerCurrentException(nullptr, "test", &error_);
    }
  };
  using Kind = services::ErrorKind;
  EXPECT_EQ(told({Kind::full, "half of http.outbound wait", 1}), MORTISE_UNAVAILABLE);
  EXPECT_EQ(code(), "overloaded");
  EXPECT_EQ(error_.retry_after, 1);
  EXPECT_EQ(told({Kind::full, "mail: 10000 mails are waiting", 30}), MORTISE_UNAVAILABLE);
  EXPECT_EQ(error_.retry_after, 30);
  EXPECT_EQ(told({Kind::full, "no space left on device"}), MORTISE_FULL);
  EXPECT_EQ(error_.retry_after, 0);
  EXPECT_EQ(told({Kind::full, "it has no room", 0, "storage_full"}), MORTISE_FULL);
  EXPECT_EQ(code(), "storage_full");
  EXPECT_EQ(told({Kind::unavailable, "down", 2}), MORTISE_UNAVAILABLE);
  EXPECT_EQ(code(), "unavailable");
}

TEST_F(Tables, MailIsQueuedAndItsOutcomeTold) {
  const auto& mail = table<mortise_mail_v1>("mail/1");
  EXPECT_EQ(mail.configured(raw()), 1);
  std::list<std::promise<mortise_status>> outcomes;  // a callback may still be on its way out of one
  mortise_mail letter{};
  letter.struct_size = sizeof letter;
  letter.to = S("ann@example.org");
  letter.subject = S("Hello");
  letter.text = S("Hi");
  letter.done = [](void* context, mortise_status status, mortise_str) {
    static_cast<std::promise<mortise_status>*>(context)->set_value(status);
  };
  const auto send = [&] {
    letter.context = &outcomes.emplace_back();
    EXPECT_EQ(mail.send(raw(), &letter, &error_), MORTISE_OK) << error_.text;
    return outcomes.back().get_future().get();
  };
  EXPECT_EQ(send(), MORTISE_OK);
  letter.expires_at = nowMicros() + 3600'000'000;
  EXPECT_EQ(send(), MORTISE_OK);
  letter.expires_at = nowMicros() - 1;
  EXPECT_EQ(send(), MORTISE_UNAVAILABLE) << "what it says no longer holds";
  letter.struct_size = offsetof(mortise_mail, expires_at);
  EXPECT_EQ(send(), MORTISE_OK) << "built with SDK 1.0";
  letter.struct_size = sizeof letter;
  letter.expires_at = 0;
  {
    const LaneScope lane(ThreadLane::loop);
    EXPECT_EQ(send(), MORTISE_OK) << "an I/O thread does not wait for the database";
  }
  const CallOrigin origin{"watchNotes", "request-7"};
  {
    std::promise<void> held;
    std::promise<void> goOn;
    std::thread writer([&] {
      const auto other = services_.database().lease(db::Access::write);
      other->begin();
      held.set_value();
      goOn.get_future().wait();
      other->rollback();
    });
    held.get_future().wait();
    const OriginScope scope(origin);
    letter.context = &outcomes.emplace_back();
    const auto queued = mail.send(raw(), &letter, &error_);
    goOn.set_value();
    writer.join();
    ASSERT_EQ(queued, MORTISE_OK) << "nor does a callback of a stream: " << error_.text;
    EXPECT_EQ(outcomes.back().get_future().get(), MORTISE_OK);
  }
  {
    const OriginScope scope(origin);
    const auto own = services_.database().lease(db::Access::write);
    own->begin();
    const auto joined = own->join();
    letter.context = &outcomes.emplace_back();
    ASSERT_EQ(mail.send(raw(), &letter, &error_), MORTISE_OK) << error_.text;
    own->rollback();
    EXPECT_EQ(outcomes.back().get_future().get(), MORTISE_CLOSED) << "it belongs to the callback's transaction";
  }
  letter.subject = S("Hello\r\nBcc: all@example.org");
  EXPECT_EQ(mail.send(raw(), &letter, &error_), MORTISE_INVALID);
  letter.struct_size = 8;
  EXPECT_EQ(mail.send(raw(), &letter, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "struct_size");
}

void keepUser(void* context, const mortise_user* user) {
  *static_cast<std::string*>(context) = copy(user->id) + " " + copy(user->username);
}

TEST_F(Tables, IdentityMakesFindsAndRefusesAccounts) {
  const auto& identity = table<mortise_identity_v1>("identity/1");
  mortise_new_user fresh{};
  fresh.struct_size = sizeof fresh;
  fresh.username = S("ann");
  fresh.email = S("ann@example.org");
  fresh.password = S("correct horse battery");
  std::string made, found;
  ASSERT_EQ(identity.create(raw(), &fresh, keepUser, &made, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(identity.create(raw(), &fresh, nullptr, nullptr, &error_), MORTISE_EXISTS);
  EXPECT_TRUE(code() == "username_taken" || code() == "email_taken") << code();
  EXPECT_EQ(identity.find(raw(), MORTISE_USER_USERNAME, S("ann"), keepUser, &found, &error_), MORTISE_OK);
  EXPECT_EQ(found, made);
  EXPECT_EQ(identity.find(raw(), MORTISE_USER_USERNAME, S("bob"), keepUser, &found, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(identity.check_password(raw(), MORTISE_USER_USERNAME, S("ann"), S("correct horse battery"), keepUser,
                                    &found, &error_),
            MORTISE_OK);
  EXPECT_EQ(identity.check_password(raw(), MORTISE_USER_USERNAME, S("ann"), S("wrong"), keepUser, &found, &error_),
            MORTISE_DENIED);
  std::int64_t total = 0;
  EXPECT_EQ(identity.list(raw(), 0, 10, keepUser, &found, &total, &error_), MORTISE_OK);
  EXPECT_EQ(total, 1);
  EXPECT_EQ(identity.find(raw(), static_cast<mortise_user_key>(99), S("x"), keepUser, &found, &error_),
            MORTISE_INVALID);
}

TEST_F(Tables, AnAccountHasANumberATierAndPerhapsNoName) {
  const auto& identity = table<mortise_identity_v1>("identity/1");
  struct Kept {
    std::string id, tier;
    std::int64_t number = 0, lastLogin = 0;
  };
  const auto keep = [](void* context, const mortise_user* user) {
    *static_cast<Kept*>(context) = {copy(user->id), copy(user->tier), user->number, user->last_login_at};
  };
  mortise_new_user fresh{};
  fresh.struct_size = sizeof fresh;
  fresh.nickname = S("a guest of another service");
  Kept first, second;
  EXPECT_EQ(identity.create(raw(), &fresh, keep, &first, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "account_unnamed");
  fresh.struct_size = offsetof(mortise_new_user, unnamed);  // a module built without the field
  fresh.unnamed = 1;
  EXPECT_EQ(identity.create(raw(), &fresh, keep, &first, &error_), MORTISE_INVALID);
  fresh.struct_size = sizeof fresh;
  ASSERT_EQ(identity.create(raw(), &fresh, keep, &first, &error_), MORTISE_OK) << error_.text;
  ASSERT_EQ(identity.create(raw(), &fresh, keep, &second, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(second.number, 2);
  EXPECT_EQ(first.tier, "enterprise");
  EXPECT_EQ(first.lastLogin, 0);

  mortise_user_change change{};
  change.struct_size = sizeof change;
  change.tier = S("pro");
  EXPECT_EQ(identity.change(raw(), S(first.id), &change, keep, &first, &error_), MORTISE_OK);
  EXPECT_EQ(first.tier, "pro");
  change.tier = S("gold");
  EXPECT_EQ(identity.change(raw(), S(first.id), &change, keep, &first, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "unknown_tier");
  change.tier = {"", 0};
  change.role = S("admin");
  EXPECT_EQ(identity.change(raw(), S(first.id), &change, keep, &first, &error_), MORTISE_OK);
  EXPECT_EQ(first.tier, "admin");
}

struct KeptOrg {
  std::string id, slug, tier;
  std::int64_t seatsLimit = 0, seatsUsed = 0;
};

void keepOrg(void* context, const mortise_org* org) {
  *static_cast<KeptOrg*>(context) = {copy(org->id), copy(org->slug), copy(org->tier), org->seats_limit,
                                     org->seats_used};
}

// "role email/username/nickname " of each member.
void keepMember(void* context, const mortise_member* member) {
  *static_cast<std::string*>(context) += copy(member->role) + " " + copy(member->email) + "/" + copy(member->username) +
                                         "/" + copy(member->nickname) + " ";
}

TEST_F(Tables, OrganisationsHaveMembersSeatsAndATier) {
  const auto& orgs = table<mortise_orgs_v1>("orgs/1");
  const auto& identity = table<mortise_identity_v1>("identity/1");
  const auto user = [&](const std::string& name) {
    mortise_new_user fresh{};
    fresh.struct_size = sizeof fresh;
    fresh.username = S(name);
    std::string id;
    const auto keep = [](void* context, const mortise_user* made) {
      *static_cast<std::string*>(context) = copy(made->id);
    };
    EXPECT_EQ(identity.create(raw(), &fresh, keep, &id, &error_), MORTISE_OK) << error_.text;
    return id;
  };
  const auto ann = user("ann"), bob = user("bob");

  mortise_new_org wanted{};
  wanted.struct_size = sizeof wanted;
  wanted.name = S("Acme");
  wanted.slug = S("acme");
  wanted.tier = S("pro");
  wanted.seats_limit = 1;
  wanted.founder_id = S(ann);
  wanted.founder_role = S("admin");
  KeptOrg org;
  ASSERT_EQ(orgs.create(raw(), &wanted, keepOrg, &org, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(org.seatsUsed, 1);
  EXPECT_EQ(orgs.create(raw(), &wanted, nullptr, nullptr, &error_), MORTISE_EXISTS);
  EXPECT_EQ(code(), "slug_taken");
  wanted.struct_size = 8;
  EXPECT_EQ(orgs.create(raw(), &wanted, nullptr, nullptr, &error_), MORTISE_INVALID);

  EXPECT_EQ(orgs.add_member(raw(), S(org.id), S(bob), S("member"), nullptr, nullptr, &error_), MORTISE_DENIED);
  EXPECT_EQ(code(), "seat_limit");
  EXPECT_STREQ(error_.details, R"({"seats_used":1,"seats_limit":1})");
  EXPECT_EQ(orgs.add_member(raw(), S("org_0"), S(bob), S("member"), nullptr, nullptr, &error_), MORTISE_NOT_FOUND);
  EXPECT_STREQ(error_.details, "");  // not those of the failure before

  mortise_org_change change{};
  change.struct_size = sizeof change;
  change.seats_limit = 0;
  change.storage_limit = -1;
  EXPECT_EQ(orgs.change(raw(), S(org.id), &change, keepOrg, &org, &error_), MORTISE_OK);
  EXPECT_EQ(org.seatsLimit, 0);
  EXPECT_EQ(org.tier, "pro");
  std::string seen;
  EXPECT_EQ(orgs.add_member(raw(), S(org.id), S(bob), S("member"), keepMember, &seen, &error_), MORTISE_OK);
  EXPECT_EQ(orgs.members(raw(), S(org.id), keepMember, &seen, &error_), MORTISE_OK);
  EXPECT_EQ(seen, "member /bob/ admin /ann/ member /bob/ ");

  EXPECT_EQ(orgs.set_role(raw(), S(org.id), S(ann), S("member"), nullptr, nullptr, &error_), MORTISE_DENIED);
  EXPECT_EQ(code(), "last_administrator");
  EXPECT_EQ(orgs.remove_member(raw(), S(org.id), S(bob), &error_), MORTISE_OK);
  EXPECT_EQ(orgs.membership(raw(), S(bob), keepMember, &seen, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(code(), "not_in_org");

  EXPECT_EQ(orgs.require_feature(raw(), S(bob), S("team_management"), &error_), MORTISE_OK);  // enterprise by default
  EXPECT_EQ(orgs.require_feature(raw(), S(ann), S("team_management"), &error_), MORTISE_DENIED);
  EXPECT_EQ(code(), "upgrade_required");
  EXPECT_STREQ(error_.details,
               R"({"feature":"team_management","current_tier":"pro","required_tier":"team","upgrade_url":""})");
  EXPECT_EQ(orgs.require_feature(raw(), S(ann), S("flying"), &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "unknown_feature");
  EXPECT_EQ(orgs.require_feature(raw(), S("nobody"), S("team_management"), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(orgs.require_org_feature(raw(), S(org.id), S("team_management"), &error_), MORTISE_DENIED);
  EXPECT_EQ(code(), "upgrade_required");
  EXPECT_EQ(orgs.require_org_feature(raw(), S("org_0"), S("team_management"), &error_), MORTISE_NOT_FOUND);

  std::int64_t total = 0;
  EXPECT_EQ(orgs.list(raw(), 0, 10, keepOrg, &org, &total, &error_), MORTISE_OK);
  EXPECT_EQ(total, 1);
  EXPECT_EQ(orgs.remove(raw(), S(org.id), &error_), MORTISE_OK);
  EXPECT_EQ(orgs.find(raw(), S(org.id), keepOrg, &org, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(code(), "org_not_found");
}

TEST_F(Tables, DetailsThatDoNotFitAreLeftOut) {
  try {
    throw Problem(403, "denied").detailsJson("{\"a\":\"" + std::string(600, 'x') + "\"}");
  } catch (...) {
    EXPECT_EQ(answerCurrentException(&host_, "test", &error_), MORTISE_DENIED);
  }
  EXPECT_STREQ(error_.details, "");
}

struct KeptKey {
  std::string id, raw, scopes, projects, reason;
  int active = -1, count = 0;
};

void keepKey(void* context, const mortise_api_key* key) {
  auto& kept = *static_cast<KeptKey*>(context);
  kept.id = copy(key->id);
  kept.raw = copy(key->raw);
  kept.scopes = copy(key->scopes);
  kept.projects = copy(key->project_ids);
  kept.reason = copy(key->revoke_reason);
  kept.active = key->is_active;
  ++kept.count;
}

struct KeptCookie {
  std::string id, user, setCookie, token;
  // In a browser's form.
  std::string header() const { return "theme=dark; " + setCookie.substr(0, setCookie.find(';')); }
};

void keepCookie(void* context, const mortise_cookie_session* session) {
  *static_cast<KeptCookie*>(context) = {copy(session->session_id), copy(session->user_id), copy(session->set_cookie),
                                        copy(session->csrf_token)};
}

void keepUserId(void* context, const mortise_user* user) { *static_cast<std::string*>(context) = copy(user->id); }

class Principals : public Tables {
 protected:
  void SetUp() override {
    Tables::SetUp();
    mortise_new_user fresh{};
    fresh.struct_size = sizeof fresh;
    fresh.username = S("ann");
    ASSERT_EQ(identity().create(raw(), &fresh, keepUserId, &user_, &error_), MORTISE_OK) << error_.text;
  }
  const mortise_identity_v1& identity() { return table<mortise_identity_v1>("identity/1"); }
  mortise_new_key wanted() {
    mortise_new_key key{};
    key.struct_size = sizeof key;
    key.kind = MORTISE_KEY_SERVICE;
    key.user_id = S(user_);
    key.name = S("deploy");
    key.scopes = S("[\"tickets:read\"]");
    key.org_id = S("org");
    return key;
  }
  std::string user_;
};

TEST_F(Principals, KeysAreMintedListedAndEnded) {
  auto key = wanted();
  KeptKey minted, listed;
  ASSERT_EQ(identity().mint_key(raw(), &key, keepKey, &minted, &error_), MORTISE_OK) << error_.text;
  EXPECT_TRUE(minted.raw.starts_with("sk_sfs_") && minted.raw.size() == 39) << minted.raw;
  EXPECT_EQ(minted.scopes, "[\"tickets:read\"]");
  EXPECT_EQ(minted.projects, "[]");
  EXPECT_EQ(identity().list_keys(raw(), {}, S("org"), keepKey, &listed, &error_), MORTISE_OK);
  EXPECT_EQ(listed.count, 1);
  EXPECT_EQ(listed.id, minted.id);
  EXPECT_EQ(listed.raw, "");
  EXPECT_EQ(identity().deactivate_key(raw(), S("somebody"), S(minted.id), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(code(), "api_key_not_found");
  EXPECT_EQ(identity().deactivate_key(raw(), S(user_), S(minted.id), &error_), MORTISE_OK);
  EXPECT_EQ(identity().revoke_key(raw(), S(minted.id), S("leaked"), keepKey, &listed, &error_), MORTISE_OK);
  EXPECT_EQ(listed.active, 0);
  EXPECT_EQ(listed.reason, "leaked");
  EXPECT_EQ(identity().revoke_key(raw(), S("none"), S(""), nullptr, nullptr, &error_), MORTISE_NOT_FOUND);
}

TEST_F(Principals, KeysThatMakeNoSenseAreRefused) {
  const auto refused = [&](mortise_new_key key) {
    return identity().mint_key(raw(), &key, nullptr, nullptr, &error_) == MORTISE_INVALID ? code() : "accepted";
  };
  auto key = wanted();
  key.struct_size = 16;
  EXPECT_EQ(refused(key), "struct_size");
  key = wanted();
  key.kind = static_cast<mortise_key_kind>(7);
  EXPECT_EQ(refused(key), "unknown_kind");
  for (const char* list : {"tickets:read", "{}", "[1]", "[\"a\""}) {
    key = wanted();
    key.scopes = S(list);
    EXPECT_EQ(refused(key), "not_a_list") << list;
  }
  key = wanted();
  key.scopes = {};
  EXPECT_EQ(refused(key), "validation_failed");
  EXPECT_EQ(identity().list_keys(raw(), {}, {}, keepKey, nullptr, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "no_owner");
}

TEST_F(Principals, ACookieSessionIsOpenedSignedInAndOut) {
  KeptCookie first, again, signedIn;
  ASSERT_EQ(identity().cookie_open(raw(), {}, keepCookie, &first, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(first.user, "");
  EXPECT_EQ(identity().cookie_open(raw(), S(first.header()), keepCookie, &again, &error_), MORTISE_OK);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.setCookie, first.setCookie);
  EXPECT_EQ(identity().cookie_open(raw(), S("whalefall_session=forged"), keepCookie, &again, &error_), MORTISE_OK);
  EXPECT_NE(again.id, first.id);
  ASSERT_EQ(identity().cookie_login(raw(), S(first.header()), S(user_), keepCookie, &signedIn, &error_), MORTISE_OK);
  EXPECT_EQ(signedIn.user, user_);
  EXPECT_NE(signedIn.id, first.id);
  EXPECT_EQ(identity().cookie_login(raw(), {}, S("nobody"), keepCookie, &again, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(identity().cookie_logout(raw(), S(signedIn.header()), &error_), MORTISE_OK);
  EXPECT_EQ(identity().cookie_logout(raw(), {}, &error_), MORTISE_OK);
  EXPECT_EQ(identity().cookie_open(raw(), S(signedIn.header()), keepCookie, &again, &error_), MORTISE_OK);
  EXPECT_EQ(again.id, signedIn.id);
  EXPECT_EQ(again.user, "");
  std::string token;
  const auto keep = [](void* context, mortise_str text) { *static_cast<std::string*>(context) = copy(text); };
  EXPECT_EQ(identity().csrf_token(raw(), S(signedIn.header()), keep, &token, &error_), MORTISE_OK);
  EXPECT_FALSE(token.empty());
  EXPECT_EQ(identity().csrf_token(raw(), S("whalefall_session=forged"), keep, &token, &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(code(), "no_session");
  // The anonymous session goes on by itself; it is nobody's.
  EXPECT_EQ(identity().cookie_open(raw(), S(first.header()), keepCookie, &again, &error_), MORTISE_OK);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.user, "");
}

TEST_F(Tables, ASinkThatThrowsIsAFailureNotACrash) {
  const auto& identity = table<mortise_identity_v1>("identity/1");
  std::int64_t total = 0;
  EXPECT_EQ(identity.hash_password(
                raw(), S("x"), [](void*, mortise_str) { throw 42; }, nullptr, &error_),
            MORTISE_FAILED);
  EXPECT_EQ(identity.list(
                raw(), 0, 1, [](void*, const mortise_user*) { throw 42; }, nullptr, &total, &error_),
            MORTISE_OK);  // nobody to tell of
}

TEST_F(Tables, AuditRecordsWhoDidIt) {
  const auto& audit = table<mortise_audit_v1>("audit/1");
  RecordingCall call("x");
  mortise_audit_entry entry{};
  entry.struct_size = sizeof entry;
  entry.action = S("notes.shared");
  entry.target = S("note:7");
  EXPECT_EQ(audit.record(raw(), &entry, &error_), MORTISE_OK) << error_.text;
  entry.call = reinterpret_cast<mortise_call*>(static_cast<Call*>(&call));
  EXPECT_EQ(audit.record(raw(), &entry, &error_), MORTISE_OK) << error_.text;
  for (const char* foreign : {"auth.shared", "mint_api_key_on_behalf", "shared", "notes", "notesx.shared", ""}) {
    entry.action = S(foreign);
    EXPECT_EQ(audit.record(raw(), &entry, &error_), MORTISE_INVALID) << foreign;
    EXPECT_EQ(code(), "bad_action");
  }
  std::int64_t total = 0;
  const auto kept = services_.services().audit->list({}, total);
  ASSERT_EQ(total, 2);
  EXPECT_EQ(kept[1].actor, "module:notes");
  EXPECT_EQ(kept[0].actor, "");
  EXPECT_EQ(kept[0].requestId, "check");
}

TEST_F(Tables, HttpClientRefusesPrivateAddressesAndBadRequests) {
  const auto& client = table<mortise_http_client_v1>("http_client/1");
  mortise_http_request request{};
  request.struct_size = sizeof request;
  request.url = S("http://127.0.0.1:1/");
  EXPECT_EQ(client.perform(raw(), &request, nullptr, nullptr, &error_), MORTISE_DENIED);
  EXPECT_EQ(code(), "address_refused");
  request.url = S("ftp://example.org/");
  EXPECT_EQ(client.perform(raw(), &request, nullptr, nullptr, &error_), MORTISE_INVALID);
  EXPECT_EQ(code(), "bad_request");
  // As a module of SDK 1.0 sends it.
  request.struct_size = offsetof(mortise_http_request, stopped);
  EXPECT_EQ(client.perform(raw(), &request, nullptr, nullptr, &error_), MORTISE_INVALID);
}

TEST_F(Tables, JobsArePutReplacedAndRemoved) {
  const auto& jobs = table<mortise_jobs_v1>("jobs/1");
  mortise_job job{};
  job.struct_size = sizeof job;
  job.id = S("user-42");
  job.trigger = S("every: PT1H");
  EXPECT_EQ(jobs.put(raw(), &job, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(jobs.put(raw(), &job, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(jobs.exists(raw(), S("user-42")), 1);
  EXPECT_EQ(jobs.remove(raw(), S("user-42"), &error_), MORTISE_OK);
  EXPECT_EQ(jobs.exists(raw(), S("user-42")), 0);
  EXPECT_EQ(jobs.remove(raw(), S("user-42"), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(jobs.trigger(raw(), S("user-42"), &error_), MORTISE_NOT_FOUND);
  EXPECT_EQ(jobs.put(raw(), &job, &error_), MORTISE_OK) << error_.text;
  EXPECT_EQ(jobs.exists(raw(), S("user-42")), 1);
  job.trigger = S("cron: 99 * * * *");
  EXPECT_EQ(jobs.put(raw(), &job, &error_), MORTISE_INVALID);
  EXPECT_EQ(jobs.cancel(raw(), S("no-such-run"), &error_), MORTISE_NOT_FOUND);
}

TEST_F(Tables, APreviewEndsWithTheRequestThatItIsFor) {
  const auto& scheduler = table<mortise_scheduler_v1>("scheduler/1");
  mortise_trigger trigger{};
  trigger.struct_size = sizeof trigger;
  trigger.type = S("cron");
  trigger.second = S("*");
  RecordingCall call("preview");
  struct Seen {
    RecordingCall& call;
    int times = 0;
  } seen{call};
  const auto count = [](void* context, std::int64_t, mortise_str) {
    auto& to = *static_cast<Seen*>(context);
    if (++to.times == 3) to.call.isExpired = true;
  };
  currentThread.call = &call;
  const auto expired =
      scheduler.preview(raw(), &trigger, S("2026-01-01T00:00:00Z"), 1000, count, &seen, nullptr, &error_);
  currentThread.call = nullptr;
  EXPECT_EQ(expired, MORTISE_TIMEOUT);
  EXPECT_EQ(code(), "expired");
  EXPECT_EQ(seen.times, 3);
  // A module's own thread works for no request.
  EXPECT_EQ(scheduler.preview(raw(), &trigger, S("2026-01-01T00:00:00Z"), 1000, count, &seen, nullptr, &error_),
            MORTISE_OK);
  EXPECT_EQ(seen.times, 1003);
}

TEST_F(Tables, ARunReportsAndWhoAdministersJobsReadsIt) {
  const auto& jobs = table<mortise_jobs_v1>("jobs/1");
  mortise_job_report report{};
  report.struct_size = sizeof report;
  report.state = MORTISE_TARGET_DONE;
  report.target = S("old notes");
  report.deleted = 3;
  report.details = S("{\"version\":1}");
  EXPECT_EQ(jobs.report(nullptr, &report, &error_), MORTISE_INVALID);

  auto& engine = *services_.services().jobs;
  engine.put({"notes", "report", "report", "", services::Trigger::parse("at: 2099-01-01T00:00:00Z")});
  engine.serve("notes", [&](services::JobRun& run) {
    mortise_error error{};
    error.struct_size = sizeof error;
    mortise_run face;
    face.run = &run;
    EXPECT_EQ(jobs.report(&face, nullptr, &error), MORTISE_INVALID);
    auto wrong = report;
    wrong.struct_size = offsetof(mortise_job_report, details);
    EXPECT_EQ(jobs.report(&face, &wrong, &error), MORTISE_INVALID);
    wrong = report;
    wrong.state = 7;
    EXPECT_EQ(jobs.report(&face, &wrong, &error), MORTISE_INVALID);
    EXPECT_STREQ(error.code, "bad_state");
    wrong = report;
    wrong.details = S("[]");
    EXPECT_EQ(jobs.report(&face, &wrong, &error), MORTISE_INVALID);
    EXPECT_EQ(jobs.report(&face, &report, &error), MORTISE_OK) << error.text;
    return std::string();
  });
  engine.start();
  const auto id = engine.runNow("notes.report", 0, true);

  const auto& scheduler = table<mortise_scheduler_v1>("scheduler/1");
  EXPECT_EQ(scheduler.reports(raw(), 0, 10, nullptr, nullptr, &error_), MORTISE_INVALID);
  struct Seen {
    std::string run, outcome, target, details;
    std::int64_t revision = 0, number = 0, deleted = 0, targetRevision = 0;
    bool isLatest = false;
  };
  const auto take = [](void* context, const mortise_reported_run* run) {
    auto& seen = *static_cast<Seen*>(context);
    seen.run = copy(run->run->id);
    seen.outcome = copy(run->run->outcome);
    seen.revision = run->revision;
    seen.isLatest = run->is_latest != 0;
    if (run->targets_count == 0) return;
    seen.targetRevision = run->targets[0]->revision;
    seen.number = run->targets[0]->number;
    seen.target = copy(run->targets[0]->target);
    seen.details = copy(run->targets[0]->details);
    seen.deleted = run->targets[0]->deleted;
  };
  EXPECT_EQ(scheduler.reports(raw(), 0, 0, take, nullptr, &error_), MORTISE_INVALID);
  EXPECT_EQ(scheduler.reports(raw(), 0, 1001, take, nullptr, &error_), MORTISE_INVALID);
  Seen seen;
  for (int tries = 0; tries < 3000 && seen.outcome != "succeeded"; ++tries) {
    ASSERT_EQ(scheduler.reports(raw(), 0, 10, take, &seen, &error_), MORTISE_OK) << error_.text;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(seen.run, id);
  EXPECT_EQ(seen.outcome, "succeeded");
  EXPECT_TRUE(seen.isLatest);
  EXPECT_GT(seen.targetRevision, 0);
  EXPECT_GT(seen.revision, seen.targetRevision) << "the run comes after its targets";
  EXPECT_EQ(seen.number, 1);
  EXPECT_EQ(seen.target, "old notes");
  EXPECT_EQ(seen.details, "{\"version\":1}");
  EXPECT_EQ(seen.deleted, 3);
  Seen none;
  EXPECT_EQ(scheduler.reports(raw(), seen.revision, 10, take, &none, &error_), MORTISE_OK);
  EXPECT_EQ(none.run, "");
}

TEST_F(Tables, JsonNodesOfTheWrongKindAnswerNeutrally) {
  json::Document document;
  json::ParseError parseError;
  ASSERT_TRUE(
      json::parse(R"({"a":[1,2.9,-3.5e300,18446744073709551615],"t":"x","b":true,"n":null})", document, parseError));
  const auto& table_ = table<mortise_json_v1>("json/1");
  const auto* root = reinterpret_cast<const mortise_json*>(static_cast<const json::Value*>(&document));
  EXPECT_EQ(table_.type(root), MORTISE_OBJECT);
  EXPECT_EQ(table_.size(root), 4u);
  const auto* list = table_.member(root, S("a"));
  EXPECT_EQ(table_.integer(table_.at(list, 0)), 1);
  EXPECT_EQ(table_.integer(table_.at(list, 1)), 2);
  EXPECT_EQ(table_.integer(table_.at(list, 2)), 0);
  EXPECT_EQ(table_.integer(table_.at(list, 3)), 0);
  EXPECT_EQ(table_.at(list, 4), nullptr);
  EXPECT_EQ(table_.member(list, S("a")), nullptr);
  EXPECT_EQ(view(table_.text(table_.member(root, S("t")))), "x");
  EXPECT_EQ(table_.boolean(table_.member(root, S("b"))), 1);
  EXPECT_EQ(table_.type(table_.member(root, S("n"))), MORTISE_NULL);
  EXPECT_EQ(view(table_.name_at(root, 1)), "t");
  EXPECT_EQ(table_.value_at(root, 9), nullptr);
  EXPECT_EQ(table_.type(nullptr), MORTISE_NULL);
  EXPECT_EQ(table_.size(nullptr), 0u);
  std::string text;
  table_.write(table_.member(root, S("t")), keepText, &text);
  EXPECT_EQ(text, "\"x\"");
}

TEST(Errors, AreCutAtACharacterAndFitTheirStruct) {
  mortise_error error{};
  error.struct_size = sizeof error;
  answer(&error, MORTISE_FAILED, "code", std::string(254, 'a') + "\xc3\xa9", 3);
  EXPECT_EQ(std::strlen(error.text), 254u);
  EXPECT_EQ(error.retry_after, 3);
  mortise_error older{};
  older.struct_size = offsetof(mortise_error, text);
  std::memset(older.text, 'x', sizeof older.text);
  answer(&older, MORTISE_FAILED, "code", "text");
  EXPECT_STREQ(older.code, "code");
  EXPECT_EQ(older.text[0], 'x');
}

}  // namespace
}  // namespace mortise::plugin
