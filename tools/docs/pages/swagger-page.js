// No validator badge (it would ask validator.swagger.io), no telemetry, no outside fonts.
window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  tryItOutEnabled: false,
  docExpansion: 'none',
});
