// The pages of the console: the id and the title of each.
export const PAGES = {
    overview: 'Overview',
    sessions: 'Sessions',
    procedures: 'Procedures',
    topics: 'Topics',
    messages: 'Messages',
    playground: 'Playground',
    permissions: 'Permissions',
    configuration: 'Configuration',
};
