// The two HTML pages that show /openapi.json. Their scripts and styles come from share/docs of the installation
// (cmake/DocsAssets.cmake).
#pragma once

#include <string>
#include <string_view>

namespace mortise::contract {

// `assetBase`: URL path of the assets, "/docs/assets". The pages have no inline script and no outside address, as
// kDocsPolicy demands.
std::string swaggerPage(std::string_view assetBase);
std::string redocPage(std::string_view assetBase);

// Content-Security-Policy for both pages: own files only. Both pages set styles from script, and Redoc searches in a
// worker made from a blob.
inline constexpr std::string_view kDocsPolicy =
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; worker-src "
    "'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

}  // namespace mortise::contract
