namespace OtpActors.Cql;

/// <summary>
/// Executes statements. For any number of threads; tables are named with their keyspace, since a session has none.
/// Failures are <see cref="DriverException"/>s.
/// </summary>
public interface ISession
{
    /// <summary>The cluster it belongs to.</summary>
    Cluster Cluster { get; }

    /// <summary>Has the servers parse a query once. The same query gives the same statement.</summary>
    Task<PreparedStatement> PrepareAsync(string query, CancellationToken cancellationToken = default);

    /// <summary>
    /// Executes a statement and gives its rows; the value task is awaited once. A change of the schema has reached all
    /// nodes that are up when it completes. Cancelled, it may take effect all the same.
    /// </summary>
    ValueTask<RowSet> ExecuteAsync(Statement statement, CancellationToken cancellationToken = default);

    /// <summary>The same where no rows are wanted; allocates nothing on its usual way.</summary>
    ValueTask ExecuteVoidAsync(Statement statement, CancellationToken cancellationToken = default);
}

/// <summary>Shorter ways to execute.</summary>
public static class SessionExtensions
{
    /// <summary>Executes a query as text.</summary>
    public static ValueTask<RowSet> ExecuteAsync(this ISession session, string query, params object?[] values) =>
        session.ExecuteAsync(new SimpleStatement(query, values));
}
