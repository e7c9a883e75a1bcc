using OtpActors.Cql.Types;

namespace OtpActors.Cql;

/// <summary>A row where it lies in its page: valid until the next one is read.</summary>
public readonly struct Row
{
    private readonly RowSet _rows;
    private readonly int _version;

    internal Row(RowSet rows) => (_rows, _version) = (rows, rows.Version);

    /// <summary>Whether the column has no value in this row.</summary>
    public bool IsNull(int index)
    {
        Rows.Cell(index, out var isNull);
        return isNull;
    }

    /// <inheritdoc cref="IsNull(int)"/>
    /// <exception cref="ArgumentException">There is no such column; the message names those that there are.</exception>
    public bool IsNull(string name) => IsNull(Rows.IndexOf(name));

    /// <summary>The value; null comes as null, and as an error where <typeparamref name="T"/> cannot be null.</summary>
    /// <exception cref="InvalidCastException">The column's type is not read as this one; the message names both.</exception>
    public T GetValue<T>(int index)
    {
        var rows = Rows;
        var column = rows.Columns[index];
        var codec = Codec<T>.For(column.Name, column.Type);
        var bytes = rows.Cell(index, out var isNull);
        if (!isNull)
        {
            return codec.Decode(bytes, column.Type);
        }

        return default(T) is null
            ? default!
            : throw new InvalidCastException($"{column.Name} is null: read it as {typeof(T).Name}?");
    }

    /// <inheritdoc cref="GetValue{T}(int)"/>
    /// <exception cref="ArgumentException">There is no such column; the message names those that there are.</exception>
    public T GetValue<T>(string name) => GetValue<T>(Rows.IndexOf(name));

    /// <summary>The value's bytes where they lie; empty for null.</summary>
    public ReadOnlySpan<byte> GetBytes(int index) => Rows.Cell(index, out _);

    private RowSet Rows => _rows.Version == _version
        ? _rows
        : throw new InvalidOperationException("a row is valid until the next one is read");
}
