import { QueryClientProvider } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { Navigate, Route, Routes } from 'react-router';
import { Shell } from './components/Shell';
import { ClusterPage } from './pages/ClusterPage';
import { ClustersPage } from './pages/ClustersPage';
import { NotFoundPage } from './pages/NotFoundPage';
import { RecommendationPage } from './pages/RecommendationPage';
import { RecommendationsPage } from './pages/RecommendationsPage';

export function App({ queryClient }: { queryClient: QueryClient }) {
  return (
    <QueryClientProvider client={queryClient}>
      <Routes>
        <Route element={<Shell />}>
          <Route index element={<Navigate to="/clusters" replace />} />
          <Route path="clusters" element={<ClustersPage />} />
          <Route path="clusters/:clusterId" element={<ClusterPage />} />
          <Route path="recommendations" element={<RecommendationsPage />} />
          <Route path="recommendations/:recommendationId" element={<RecommendationPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Route>
      </Routes>
    </QueryClientProvider>
  );
}
