"""Rows of a server's SQLite database, many at once: for what would take too long over HTTP. One is made over HTTP, the others are copies of it that differ
where they have to."""
import contextlib
import sqlite3


def copy(database, table, key, count, change):
    """`count` copies of the row whose columns are as `key` says. change(number): what is different in copy `number`; None leaves the database to choose."""
    with contextlib.closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute(f"SELECT * FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in key)}", list(key.values())).fetchone())
        columns = list(row)
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                               ([different.get(name, row[name]) for name in columns] for different in map(change, range(count))))
