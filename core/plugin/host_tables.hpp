// The tables behind lookup(), one per interface, each made in host_<interface>.cpp. Private to this folder.
#pragma once

#include <span>
#include <string_view>

namespace mortise::plugin {

struct HostServices;

struct ServedInterface {
  std::string_view name;
  const void* (*table)();
  bool (*available)(const HostServices& services);  // false: the kernel was put together without that service
};
std::span<const ServedInterface> servedInterfaces();

const void* auditTable();
const void* blobsTable();
const void* cacheTable();
const void* callTable();
const void* configTable();
const void* dbTable();
const void* eventsTable();
const void* healthTable();
const void* httpClientTable();
const void* identityTable();
const void* jobsTable();
const void* jsonTable();
const void* limitsTable();
const void* logTable();
const void* mailTable();
const void* metricsTable();
const void* objectsTable();
const void* orgsTable();
const void* schedulerTable();
const void* secretsTable();

}  // namespace mortise::plugin
