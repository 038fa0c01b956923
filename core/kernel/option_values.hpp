// Values of options that are more than a number or a text. Checked before anything is opened, so that `mortise
// check-config` reports them too; read again by the parts that use them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/config/config.hpp"
#include "core/contract/operation.hpp"
#include "core/http/listener.hpp"
#include "core/plugin/manifest.hpp"

namespace mortise::kernel {

constexpr const char* kNever = "off";  // blobs.scrub

// In data.dir, where no option names another place, and in a backup.
constexpr const char* kDatabaseFile = "mortise.db";
constexpr const char* kSecretFile = "secret";

// All functions throw StartError with a sentence that names the option and its source.

// limits.override: names of buckets with the operator's numbers.
contract::BucketOverrides bucketOverrides(const config::Config& config);
// The options of type size that a module declares, with their values.
contract::SizeOptions sizeOptions(const plugin::Manifest& manifest, const config::Config& config);
// secrets.named: "module.name=value" or "module.name=@file". The value never appears in a message.
std::map<std::string, std::string, std::less<>> namedSecrets(const config::Config& config);
// Permission -> roles that have it: the defaults of `modules` and of the kernel, changed by identity.grant.
std::map<std::string, std::vector<std::string>> grants(std::span<const plugin::Manifest* const> modules,
                                                       const config::Config& config);
// db.url, or the SQLite file in data.dir.
std::string databaseUrl(const config::Config& config);
// identity.secret_file, or the file `secret` in data.dir.
std::string secretFile(const config::Config& config);
// Where the data of this configuration lies, and which setting says so, for a person: "data.dir /var/lib/mortise
// (mortise.conf:3), database sqlite:/var/lib/mortise/mortise.db". Without what a URL may hold beside, a password.
std::string describeData(const config::Config& config);
// http.public_url without slashes at its end, its origin as browsers write it (normalOrigin()).
std::string publicUrl(const config::Config& config);
// http.default_language; empty: each contract has its own.
std::string defaultLanguage(const config::Config& config);
// identity.upgrade_url, or <http.public_url>/pricing.
std::string upgradeUrl(const config::Config& config);
// How many threads hash passwords: identity.password_concurrency, by default all cores but one, and at least one.
unsigned passwordThreads(const config::Config& config);
// http.socket_mode and http.socket_group: who may connect to a Unix socket of http.listen.
http::SocketFile socketFile(const config::Config& config);
// Checks the values that only their users can judge: secrets, time zone, triggers, storage, URLs, origins, proxies,
// sockets. Opens nothing.
void checkValues(const config::Config& config);

}  // namespace mortise::kernel
