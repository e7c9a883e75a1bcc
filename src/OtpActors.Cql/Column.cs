namespace OtpActors.Cql;

/// <summary>A column of a result, or a variable of a prepared statement.</summary>
public sealed record Column(string Keyspace, string Table, string Name, CqlType Type);
