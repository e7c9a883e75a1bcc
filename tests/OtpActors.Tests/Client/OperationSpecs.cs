using OtpActors.Client;
using OtpActors.Tests.Api;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Client;

/// <summary>Each operation of the API has its method of the client. A new operation fails the spec until it is here.</summary>
[Collection(OneService.Name)]
public sealed class OperationSpecs
{
    private static readonly Dictionary<string, string> Methods = new()
    {
        ["POST /api/runs"] = nameof(ServiceClient.StartRunAsync),
        ["GET /api/runs"] = nameof(ServiceClient.ListRunsAsync),
        ["GET /api/runs/{id}"] = nameof(ServiceClient.GetRunAsync),
        ["GET /api/runs/{id}/events"] = nameof(ServiceClient.FollowRunAsync),
        ["GET /api/runs/{id}/log"] = nameof(ServiceClient.GetRunLogAsync),
        ["POST /api/runs/{id}/again"] = nameof(ServiceClient.StartAgainAsync),
        ["POST /api/runs/{id}/cancel"] = nameof(ServiceClient.CancelRunAsync),
        ["POST /api/runs/{id}/pause"] = nameof(ServiceClient.PauseRunAsync),
        ["POST /api/runs/{id}/resume"] = nameof(ServiceClient.ResumeRunAsync),
        ["POST /api/runs/{id}/steps/{step}/retry"] = nameof(ServiceClient.RetryStepAsync),
        ["POST /api/commands"] = nameof(ServiceClient.SendCommandAsync),
        ["POST /api/otps"] = nameof(ServiceClient.PublishAsync),
        ["GET /api/otps/{email}"] = nameof(ServiceClient.FindAsync),
        ["GET /api/notifications"] = nameof(ServiceClient.ListNotificationsAsync),
        ["GET /api/topics"] = nameof(ServiceClient.ListTopicsAsync),
        ["GET /api/topics/{topic}"] = nameof(ServiceClient.GetTopicAsync),
        ["GET /api/topics/{topic}/records"] = nameof(ServiceClient.ListRecordsAsync),
        ["GET /api/dead-letters"] = nameof(ServiceClient.ListDeadLettersAsync),
        ["POST /api/dead-letters/redrive"] = nameof(ServiceClient.RedriveAsync),
        ["GET /api/schedules"] = nameof(ServiceClient.ListSchedulesAsync),
        ["POST /api/schedules"] = nameof(ServiceClient.CreateScheduleAsync),
        ["GET /api/schedules/{name}"] = nameof(ServiceClient.GetScheduleAsync),
        ["PUT /api/schedules/{name}"] = nameof(ServiceClient.PutScheduleAsync),
        ["DELETE /api/schedules/{name}"] = nameof(ServiceClient.DeleteScheduleAsync),
        ["POST /api/schedules/{name}/pause"] = nameof(ServiceClient.PauseScheduleAsync),
        ["POST /api/schedules/{name}/resume"] = nameof(ServiceClient.ResumeScheduleAsync),
        ["POST /api/schedules/{name}/trigger"] = nameof(ServiceClient.TriggerScheduleAsync),
        ["GET /api/config"] = nameof(ServiceClient.GetConfigAsync),
    };

    [Fact]
    public async Task Every_operation_has_its_method()
    {
        await using var service = await ApiService.StartAsync();
        var paths = (await service.GetAsync("/openapi/v1.json")).ShouldBe(200).Json.GetProperty("paths").EnumerateObject();
        var operations = paths.SelectMany(
            path => path.Value.EnumerateObject(), (path, operation) => $"{operation.Name.ToUpperInvariant()} {path.Name}");
        operations.Order(StringComparer.Ordinal).ShouldBe(Methods.Keys.Order(StringComparer.Ordinal));
        Methods.Values.ShouldBeUnique();
    }
}
