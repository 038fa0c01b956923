// System fonts only: Redoc's own theme names fonts that its template fetches from outside.
Redoc.init('/openapi.json', {
  disableSearch: false,
  hideDownloadButton: false,
  nativeScrollbars: true,
  theme: {
    typography: {
      fontFamily: 'system-ui, "Noto Sans CJK SC", sans-serif',
      headings: { fontFamily: 'system-ui, "Noto Sans CJK SC", sans-serif' },
      code: { fontFamily: 'ui-monospace, monospace' },
    },
  },
}, document.getElementById('docs'));
