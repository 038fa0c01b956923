// The page to try operations out: Swagger UI with modules as headings, one line of tools above the operations (filter, moved and
// deprecated ones), and a token that survives a reload. No request goes to another host: no validator badge, no telemetry, no fonts.
(function () {
  const KEY = 'show_deprecated';

  const text = (value) => (value || '').toString().toLowerCase();
  const isDeprecated = (operation) => operation.getIn(['operation', 'deprecated']) === true;

  // Every word of the phrase is in the method, the path, the summary, the operationId or the tag.
  function matches(operation, tag, phrase) {
    const all = [operation.get('method'), operation.get('path'), operation.getIn(['operation', 'summary']),
      operation.getIn(['operation', 'operationId']), tag].map(text).join(' ');
    return text(phrase).split(/\s+/).every((word) => all.includes(word));
  }

  function keepOperations(groups, keep) {
    return groups
      .map((group, tag) => group.update('operations', (operations) => operations.filter((one) => keep(one, tag))))
      .filter((group) => group.get('operations').size > 0);
  }

  const currentOnes = new WeakMap();  // cached by group, because the page asks often
  const deprecatedOnes = {
    statePlugins: {
      docs: {
        actions: { showDeprecated: (shown) => ({ type: KEY, payload: shown }) },
        reducers: { [KEY]: (state, action) => state.set(KEY, action.payload) },
        selectors: { deprecatedShown: (state) => state.get(KEY, false) },
      },
      spec: {
        wrapSelectors: {
          taggedOperations: (original, system) => (state, ...rest) => {
            const groups = original(state, ...rest);
            if (system.docsSelectors.deprecatedShown()) return groups;
            if (!currentOnes.has(groups)) currentOnes.set(groups, keepOperations(groups, (one) => !isDeprecated(one)));
            return currentOnes.get(groups);
          },
        },
      },
    },
  };

  const filter = {
    fn: { opsFilter: (groups, phrase) => keepOperations(groups, (one, tag) => matches(one, tag, phrase)) },
    statePlugins: {
      layout: {
        wrapSelectors: {
          // A filter opens the groups of its matches, unless the reader closed one. (`original` has the state already.)
          isShown: (original, system) => (state, thing, fallback) => {
            const filter = system.layoutSelectors.currentFilter();
            const filtered = typeof filter === 'string' && filter !== '' && filter !== 'true';
            return original(thing, filtered && [].concat(thing)[0] === 'operations-tag' ? true : fallback);
          },
        },
      },
    },
    wrapComponents: {
      FilterContainer: (original, system) => () => {
        const element = system.React.createElement;
        const current = system.layoutSelectors.currentFilter();
        const deprecated = system.specSelectors.operations().filter(isDeprecated).size;
        const shown = system.specSelectors.taggedOperations().reduce((count, group) => count + group.get('operations').size, 0);
        return element('div', { className: 'docs-tools wrapper' },
          element('input', {
            type: 'search', id: 'docs-filter', autoComplete: 'off', spellCheck: false,
            placeholder: 'Filter: path, method, summary or group', 'aria-label': 'Filter operations',
            value: typeof current === 'string' && current !== 'true' ? current : '',
            onChange: (event) => system.layoutActions.updateFilter(event.target.value),
          }),
          deprecated === 0 ? null : element('label', { htmlFor: 'docs-deprecated' },
            element('input', {
              type: 'checkbox', id: 'docs-deprecated', checked: system.docsSelectors.deprecatedShown(),
              onChange: (event) => system.docsActions.showDeprecated(event.target.checked),
            }),
            ` Show moved and deprecated (${deprecated})`),
          element('span', { className: 'docs-count', role: 'status' }, shown === 1 ? '1 operation' : `${shown} operations`));
      },
    },
  };

  // The module's name above its first group that is shown.
  const modules = {
    wrapComponents: {
      OperationTag: (Original, system) => (properties) => {
        const element = system.React.createElement;
        const groups = system.specSelectors.specJson().get('x-tagGroups');
        const module = groups && groups.find((group) => group.get('tags').includes(properties.tag));
        const shown = system.specSelectors.taggedOperations().keySeq();
        const first = module && shown.find((tag) => module.get('tags').includes(tag)) === properties.tag;
        return element(system.React.Fragment, null,
          first ? element('h2', { className: 'docs-module' }, module.get('name')) : null,
          element(Original, properties));
      },
    },
  };

  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#docs',
    plugins: [() => deprecatedOnes, () => filter, () => modules],
    deepLinking: true,
    validatorUrl: null,
    tryItOutEnabled: false,
    persistAuthorization: true,
    filter: true,
    docExpansion: 'none',
    defaultModelsExpandDepth: 0,
  });
})();
