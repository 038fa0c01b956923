// Translates a refusal of the store for the operator of this server.
#pragma once

#include <cstdint>
#include <string>

#include "core/services/http_client/http_client.hpp"
#include "core/services/s3/answers.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services::s3 {

// The field with that lower-case name; empty when it is missing.
std::string fieldOf(const HttpResponse& response, std::string_view name);

// `now`: this server's time in microseconds. The text names options and values, no secrets.
ServiceError refusalOf(const HttpResponse& response, const std::string& bucket, std::int64_t now);

}  // namespace mortise::services::s3
