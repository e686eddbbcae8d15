/** Where Bull Board is served, with all that belongs to it. */
export const BOARD_PATH = '/admin/queues';
