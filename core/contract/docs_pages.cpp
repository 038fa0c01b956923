#include "core/contract/docs_pages.hpp"

#include "mortise/html.hpp"

namespace mortise::contract {
namespace {

std::string page(std::string_view title, const std::string& base, std::string_view head, std::string_view body) {
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
  out.append(title).append("</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  out.append("<link rel=\"icon\" type=\"image/svg+xml\" href=\"").append(base).append("/favicon.svg\">\n");
  out.append(head).append("</head>\n<body>\n").append(body).append("</body>\n</html>\n");
  return out;
}

}  // namespace

std::string swaggerPage(std::string_view assetBase) {
  const auto base = escapedHtml(assetBase);
  return page("API documentation", base,
              "<link rel=\"stylesheet\" href=\"" + base + "/swagger-ui.css\">\n<link rel=\"stylesheet\" href=\"" +
                  base + "/swagger-page.css\">\n",
              "<div id=\"docs\"></div>\n<script src=\"" + base + "/swagger-ui-bundle.js\"></script>\n<script src=\"" +
                  base + "/swagger-page.js\"></script>\n");
}

std::string redocPage(std::string_view assetBase) {
  const auto base = escapedHtml(assetBase);
  return page("API reference", base, "<link rel=\"stylesheet\" href=\"" + base + "/redoc-page.css\">\n",
              "<div id=\"docs\"></div>\n<script src=\"" + base + "/redoc.standalone.js\"></script>\n<script src=\"" +
                  base + "/redoc-page.js\"></script>\n");
}

}  // namespace mortise::contract
