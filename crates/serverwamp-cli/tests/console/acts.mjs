// What scenarios do again and again.

/** Joins the realm as another client, from the same tab, and does `work` with its session. */
export async function asGuest(tab, work, argument) {
    await tab.page.evaluate(async () => {
        const [{ Wampy }, { SERIALIZER }] = await Promise.all([import('./vendor/wampy.js'), import('./lib/exact-json.js')]);
        const url = new URL('/ws', location.href);
        url.protocol = 'ws:';
        globalThis.guest = new Wampy(url.href, { realm: 'realm1', uriValidation: 'loose', serializer: SERIALIZER });
        await globalThis.guest.connect();
    });
    return tab.page.evaluate(work, argument);
}

/** Fills in the Playground and sends it. */
export async function send(tab, kind, uri, args) {
    await tab.page.click(`#tab-${kind}`);
    // The fields are those of the other tab until the page is drawn again.
    await tab.page.waitForSelector(`#tab-${kind}[aria-selected=true]`);
    await tab.page.fill('[name=uri]', uri);
    if (args !== undefined) await tab.page.fill('[name=args]', args);
    await tab.page.click('#playground-form button[type=submit]');
}

/** Fills in the login form of a session, `realm` or `admin`, and sends it. */
export async function logIn(tab, link, { method = '', ...fields }) {
    await tab.page.click(`[data-link=${link}]`);
    await tab.page.selectOption('.login [name=method]', method);
    for (const [field, value] of Object.entries(fields)) await tab.page.fill(`.login [name=${field}]`, value);
    await tab.page.click('.login button[type=submit]');
    await tab.page.waitForSelector('.login', { state: 'detached' });
}
